/* Forks a helper while a connection is open, and later closes the connection without deleting the
 * registration. The helper has inherited the connection, and keeps it and the registration alive:
 * what the peer sends wakes this loop, for a descriptor that is closed.
 *
 * Right: the registration is deleted before the descriptor is closed, and the connection is shut
 * down: that ends it for the peer too, though the helper has inherited it (shutdown(2)).
 *
 * expect: ghost
 * after: https://github.com/manticoresoftware/manticoresearch/pull/4057
 * shows: spins
 */
#include "../loop.h"

#include <sys/wait.h>

enum { MESSAGES = 10 };

/* A process with something to do until the pipe ends. Returns its id. */
static pid_t start_helper(int *pipe_end)
{
    int pipes[2];
    char nothing;
    MUST(pipe2(pipes, O_CLOEXEC));
    pid_t child = MUST(fork());
    if (child > 0) {
        MUST(close(pipes[0]));
        *pipe_end = pipes[1];
        return child;
    }
    MUST(close(pipes[1]));
    MUST(read(pipes[0], &nothing, 1));
    _exit(0);
}

int main(void)
{
    int fd, peer, helper_pipe, status, refused = 0, stray = 0;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    pid_t helper = start_helper(&helper_pipe);

#ifdef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(shutdown(fd, SHUT_RDWR));
#endif
    MUST(close(fd)); /* finding */
    for (int i = 0; i < MESSAGES; i++) {
        struct epoll_event event;
#ifndef RIGHT
        tell(peer, "hello");
#else
        if (send(peer, "hello", 5, MSG_NOSIGNAL) == -1 && errno == EPIPE)
            refused++;
#endif
        if (DELIVERED(epoll_wait(epfd, &event, 1, 100)) == 1 && fcntl(event.data.fd, F_GETFD) == -1)
            stray++;
        DELIVERED(epoll_wait(epfd, &event, 1, 100));
    }

    MUST(close(helper_pipe));
    MUST(waitpid(helper, &status, 0));
    MUST(close(peer));
    MUST(close(epfd));
    return report(stray > 0 || (!IS_MISUSE && refused != MESSAGES) || status != 0,
                  "deliveries for a closed descriptor: %d", stray);
}
