/* A request is bigger than the read buffer of its connection. Each turn of the loop reads once, and the socket is
 * edge-triggered: what is left is never reported, and the client waits for its answer.
 *
 * Right: a turn reads until there is nothing left.
 *
 * expect: edge-not-drained
 * after: https://github.com/Karlson2k/libmicrohttpd/pull/11
 * shows: hangs
 */
#include "../misuse/loop.h"

enum { REQUEST = 3000, BUFFER = 1024, RUN_MS = 2500 };

/* Reads what there is for one turn, and returns how much that was. */
static int handle_read(int fd)
{
    char buffer[BUFFER];
    ssize_t size = read(fd, buffer, sizeof(buffer)); /* finding */
    return size == -1 && errno == EAGAIN ? 0 : MUST(size);
}

static int handle_turn(int fd)
{
    int read = handle_read(fd);
#ifdef RIGHT
    for (int more; (more = handle_read(fd)) > 0;)
        read += more;
#endif
    return read;
}

int main(void)
{
    char request[REQUEST + 1];
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), client = connect_to(&address), received = 0;
    int fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    memset(request, 'x', REQUEST);
    request[REQUEST] = 0;
    tell(client, request);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0 && received < REQUEST;) {
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) > 0)
            received += handle_turn(fd);
    }

    MUST(close(fd));
    MUST(close(client));
    MUST(close(listener));
    MUST(close(epfd));
    return report(received < REQUEST, "read %d of %d bytes", received, REQUEST);
}
