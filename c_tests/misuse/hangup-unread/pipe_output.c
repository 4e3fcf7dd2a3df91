/* Reads the output of a child process. When the child has ended the pipe says EPOLLIN and EPOLLHUP,
 * and this loop takes EPOLLHUP for "nothing more": the output is lost.
 *
 * Right: after EPOLLHUP there may be much to read: the pipe is read until read returns 0.
 *
 * expect: hangup-unread
 * after: https://github.com/twisted/twisted/issues/7932
 * shows: loses
 */
#include "../loop.h"

#include <sys/wait.h>

enum { OUTPUT = 5000 };

/* Returns the end of a pipe with a child's whole output. */
static int run_child(void)
{
    int pipes[2], status;
    MUST(pipe2(pipes, O_CLOEXEC));
    pid_t child = MUST(fork());
    if (child == 0) {
        static char output[OUTPUT];
        _exit(write(pipes[1], output, sizeof(output)) == OUTPUT ? 0 : 1);
    }
    MUST(close(pipes[1]));
    MUST(waitpid(child, &status, 0));
    if (status != 0)
        exit(1);
    MUST(fcntl(pipes[0], F_SETFL, O_NONBLOCK));
    return pipes[0];
}

int main(void)
{
    int fd = run_child(), received = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    bool open = true;
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    while (open) {
        struct epoll_event event;
        char buffer[1024];
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
            continue;
#ifndef RIGHT
        if (event.events & EPOLLHUP) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
            MUST(close(fd)); /* finding */
            open = false;
        } else {
            received += MUST(read(fd, buffer, sizeof(buffer)));
        }
#else
        ssize_t size = read(fd, buffer, sizeof(buffer));
        if (size > 0) {
            received += (int)size;
        } else if (size == 0 || errno != EAGAIN) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
            MUST(close(fd));
            open = false;
        }
#endif
    }

    MUST(close(epfd));
    return report(received < OUTPUT, "received %d of %d", received, OUTPUT);
}
