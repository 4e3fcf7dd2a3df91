/* What splice moves is taken for all that was asked for.
 *
 * fault: short-read
 * verdict: status */
#include "scene.h"

enum { PIECES = 40, PIECE = 500, ALL = PIECES * PIECE };

/* Sends bytes, and waits for the end. */
static int sends(const struct sockaddr_in *address)
{
    static char bytes[ALL];
    int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    MUST(connect(fd, (const struct sockaddr *)address, sizeof *address));
    put(fd, bytes, sizeof bytes);
    return take(fd, bytes, 1);
}

/* Moves what is there into the pipe, as long as it is a whole piece, and empties the pipe: how much came out. */
static size_t move(int connection, const int pipe[2], size_t *counted)
{
    static char bytes[PIECE];
    size_t all = 0;
    while (*counted < ALL && recv(connection, bytes, PIECE, MSG_PEEK) > 0) {
        ssize_t moved = splice(connection, NULL, pipe[1], NULL, PIECE, SPLICE_F_NONBLOCK);
        if (moved <= 0)
            break;
        all += (size_t)MUST(read(pipe[0], bytes, PIECE));
#ifndef RIGHT
        *counted += PIECE;
#else
        *counted += (size_t)moved;
#endif
    }
    return all;
}

int main(void)
{
    struct sockaddr_in address;
    pid_t process;
    int pipe[2], listener = listens(&address), connection = -1;
    int end = start_client(sends, &address, &process);
    int epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    MUST(pipe2(pipe, O_CLOEXEC));
    add(epoll, listener, EPOLLIN, &listener);
    size_t moved = 0, counted = 0;
    while (counted < ALL) {
        struct epoll_event event;
        if (epoll_wait(epoll, &event, 1, -1) != 1)
            continue;
        if (event.data.ptr != &listener) {
            moved += move(connection, pipe, &counted);
        } else {
            connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (connection >= 0)
                add(epoll, connection, EPOLLIN, &connection);
        }
    }
    close(connection);
    (void)end;
    if (moved != ALL)
        fprintf(stderr, "%zu bytes of %d\n", moved, ALL);
    return status_of(process) != 0 || moved != ALL;
}
