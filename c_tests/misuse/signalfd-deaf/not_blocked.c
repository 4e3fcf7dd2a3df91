/* A signalfd whose signal nobody blocks: each signal goes to the handler, as it did before there was a
 * signalfd, and the descriptor hears of none.
 *
 * Right: the signal is blocked.
 *
 * expect: signalfd-deaf
 * shows: loses
 */
#include "handler.h"

int main(void)
{
    sigset_t mask = count_signals();
    int heard = 0, sent = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
#ifdef RIGHT
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
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

    MUST(close(fd));
    MUST(close(epfd));
    return report(handled > 0 || heard == 0, "heard %d, handled %d", heard, (int)handled);
}
