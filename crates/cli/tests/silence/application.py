"""What gunicorn's workers run."""


def small_and_big(environment, start):
    body = b"x" * (8 << 20 if environment["PATH_INFO"] == "/big" else 100)
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]
