/* A worker that is forked wants fewer signals, and sets that on the signalfd that it has inherited. It is its
 * master's too: that hears nothing any more of the signals that the worker has left out.
 *
 * Right: the worker closes the inherited signalfd and makes one of its own.
 *
 * expect: nothing
 * after: https://github.com/sid-project/sid/issues/33
 * shows: hangs
 */
#include "../misuse/loop.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static void work(int signals)
{
    sigset_t fewer;
    sigemptyset(&fewer);
    sigaddset(&fewer, SIGTERM);
#ifndef RIGHT
    MUST(signalfd(signals, &fewer, 0));
#else
    MUST(close(signals));
    MUST(signalfd(-1, &fewer, SFD_NONBLOCK | SFD_CLOEXEC));
#endif
    sleep_until(in_ms(3000));
    _exit(0);
}

int main(void)
{
    int heard = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGUSR1);
    MUST(sigprocmask(SIG_BLOCK, &mask, NULL));
    int signals = MUST(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = signals};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, signals, &interest));
    MUST(kill(getpid(), SIGUSR1));
    pid_t worker = -1;
    bool is_told = false;

    int64_t end = in_ms(2800);
    for (int ms; (ms = ms_until(end)) > 0 && heard < 2;) {
        struct signalfd_siginfo info;
        if (worker != -1 && !is_told && end - now_ns() < INT64_C(2500000000)) {
            MUST(kill(getpid(), SIGINT));
            is_told = true;
        }
        if (DELIVERED(epoll_wait(epfd, &event, 1, is_told ? ms : 50)) == 0)
            continue;
        if (MUST(read(signals, &info, sizeof(info))) != sizeof(info))
            exit(1);
        heard++;
        if (info.ssi_signo == SIGUSR1 && (worker = MUST(fork())) == 0)
            work(signals);
    }

    MUST(kill(worker, SIGKILL));
    MUST(waitpid(worker, NULL, 0));
    MUST(close(signals));
    MUST(close(epfd));
    return report(heard != 2, "signals heard: %d of 2", heard);
}
