/* A signalfd for SIGUSR1. The signal is blocked in the main thread, but a worker was made before: it is given
 * every signal, and its handler runs.
 *
 * Right: the signal is blocked before any thread is made.
 *
 * expect: signalfd-deaf
 * after: https://github.com/GENIVI/AudioManager/pull/21
 * shows: loses
 */
#include "handler.h"

int main(void)
{
    sigset_t mask = count_signals();
    pthread_t worker;
    int heard = 0, sent = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
#ifndef RIGHT
    if (pthread_create(&worker, NULL, rest, NULL) != 0)
        exit(1);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
#else
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    if (pthread_create(&worker, NULL, rest, NULL) != 0)
        exit(1);
#endif
    int fd = MUST(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest)); /* finding */

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        struct signalfd_siginfo info;
        if (sent++ < SENT)
            send_signal();
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms < 20 ? ms : 20)) > 0)
            heard += read(fd, &info, sizeof(info)) > 0;
    }

    if (pthread_join(worker, NULL) != 0)
        exit(1);
    MUST(close(fd));
    MUST(close(epfd));
    return report(handled > 0 || heard == 0, "heard %d, handled %d", heard, (int)handled);
}
