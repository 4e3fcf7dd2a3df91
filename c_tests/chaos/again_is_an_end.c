/* What was delivered is read without a look at EAGAIN: a read that fails is taken for the end, and what comes behind
 * it is lost.
 *
 * fault: read-again
 * verdict: status */
#include "scene.h"

enum { PIECES = 40, PIECE = 500 };

/* Sends bytes, and waits for the end. */
static int sends(const struct sockaddr_in *address)
{
    static char bytes[PIECE];
    int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    MUST(connect(fd, (const struct sockaddr *)address, sizeof *address));
    for (int piece = 0; piece < PIECES; piece++)
        put(fd, bytes, sizeof bytes);
    return take(fd, bytes, 1);
}

int main(void)
{
    struct sockaddr_in address;
    pid_t process;
    int listener = listens(&address), connection = -1;
    int end = start_client(sends, &address, &process);
    int epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    add(epoll, listener, EPOLLIN, &listener);
    size_t all = 0;
    for (bool is_over = false; !is_over;) {
        struct epoll_event event;
        if (epoll_wait(epoll, &event, 1, -1) != 1)
            continue;
        if (event.data.ptr == &listener) {
            connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (connection >= 0)
                add(epoll, connection, EPOLLIN, &connection);
            continue;
        }
        char bytes[PIECE];
        ssize_t got = read(connection, bytes, sizeof bytes);
#ifdef RIGHT
        if (got < 0 && errno == EAGAIN)
            continue;
#endif
        all += got > 0 ? (size_t)got : 0;
        is_over = got <= 0 || all == (size_t)PIECES * PIECE;
    }
    close(connection);
    (void)end;
    if (all != (size_t)PIECES * PIECE)
        fprintf(stderr, "%zu bytes of %d\n", all, PIECES * PIECE);
    return status_of(process) != 0 || all != (size_t)PIECES * PIECE;
}
