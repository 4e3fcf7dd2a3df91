"""What the clients have in common: connections at once."""
import threading


def at_once(count, work):
    """Runs work(number) in as many threads; the exit code."""
    bad = []

    def one(number):
        try:
            work(number)
        except Exception as error:
            bad.append(number)
            print("connection", number, repr(error))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return bool(bad)
