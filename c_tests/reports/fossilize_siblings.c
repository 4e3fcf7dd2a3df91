/* A master forks workers and watches a pipe of each. A later worker has inherited the pipe of an earlier one: when
 * that one dies, the master closes its pipe, and the registration lives on in the other. Every wait returns at once
 * with EPOLLHUP.
 *
 * Right: a worker closes what belongs to the others, and the master deletes the pipe before it closes it.
 *
 * expect: ghost
 * after: https://github.com/ValveSoftware/Fossilize/pull/133
 * shows: spins
 */
#include "../misuse/loop.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum { WORKERS = 2 };

struct worker {
    pid_t pid;
    int crashes;
};

static void start(struct worker *workers, int number, int epfd)
{
    int ends[2];
    MUST(pipe2(ends, O_CLOEXEC));
    pid_t pid = MUST(fork());
    if (pid == 0) {
        MUST(close(ends[0]));
#ifdef RIGHT
        for (int i = 0; i < number; i++)
            MUST(close(workers[i].crashes));
#endif
        pause();
        _exit(0);
    }
    MUST(close(ends[1]));
    workers[number] = (struct worker){.pid = pid, .crashes = ends[0]};
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = &workers[number]};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &interest));
}

/* A worker has ended. */
static void shut_down(struct worker *workers, int epfd)
{
    pid_t pid = MUST(waitpid(-1, NULL, 0));
    for (int i = 0; i < WORKERS; i++) {
        if (workers[i].pid != pid)
            continue;
#ifdef RIGHT
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, workers[i].crashes, NULL));
#endif
        MUST(close(workers[i].crashes)); /* finding */
        workers[i].crashes = -1;
    }
    (void)epfd;
}

int main(void)
{
    struct worker workers[WORKERS];
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long useless = 0, ended = 0;
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    MUST(sigprocmask(SIG_BLOCK, &mask, NULL));
    int signals = MUST(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = NULL};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, signals, &interest));
    for (int i = 0; i < WORKERS; i++)
        start(workers, i, epfd);
    MUST(kill(workers[0].pid, SIGTERM));

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event events[4];
        int count = DELIVERED(epoll_wait(epfd, events, 4, ms));
        bool was_signal = false;
        for (int i = 0; i < count; i++) {
            struct signalfd_siginfo info;
            if (events[i].data.ptr == NULL) {
                MUST(read(signals, &info, sizeof(info)));
                was_signal = true;
                ended++;
            } else if (((struct worker *)events[i].data.ptr)->crashes == -1) {
                useless++;
            }
        }
        if (was_signal)
            shut_down(workers, epfd);
    }

    MUST(kill(workers[1].pid, SIGTERM));
    shut_down(workers, epfd);
    MUST(close(signals));
    MUST(close(epfd));
    return report(useless >= 200 || ended != 1, "workers ended: %ld, deliveries for a closed pipe: %ld", ended,
                  useless);
}
