/* Reads one record of an edge-triggered signalfd for each edge. Signals that came together wait in the queue until
 * the next one comes.
 *
 * Right: after each edge it is read until it says EAGAIN.
 *
 * expect: edge-not-drained
 * shows: hangs
 */
#include "../loop.h"

#include <signal.h>
#include <sys/signalfd.h>

enum { SIGNALS = 4, RUN_MS = 2500 };

int main(void)
{
    sigset_t mask;
    int heard = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    sigemptyset(&mask);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&mask, SIGRTMIN + i);
    MUST(sigprocmask(SIG_BLOCK, &mask, NULL));
    int fd = MUST(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    for (int i = 0; i < SIGNALS; i++)
        MUST(kill(getpid(), SIGRTMIN + i));

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        struct signalfd_siginfo info;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
#ifndef RIGHT
        heard += read(fd, &info, sizeof(info)) > 0; /* finding */
#else
        while (read(fd, &info, sizeof(info)) > 0)
            heard++;
#endif
    }

    MUST(close(fd));
    MUST(close(epfd));
    return report(heard < SIGNALS, "heard of %d of %d signals", heard, SIGNALS);
}
