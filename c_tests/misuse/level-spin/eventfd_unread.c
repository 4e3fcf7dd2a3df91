/* A worker wakes the loop through an eventfd. The loop takes the result, but does not read the
 * eventfd: its counter stays above 0, and the wake-up never ends.
 *
 * Right: the eventfd is read first, which sets its counter to 0, then the results are taken: a
 * worker that is done in between wakes the loop once more.
 *
 * expect: level-spin
 * after: https://github.com/syslog-ng/syslog-ng/issues/3951
 * shows: spins
 */
#include "../loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

static atomic_int results;

static void *work(void *wake_up)
{
    uint64_t one = 1;
    atomic_fetch_add(&results, 1);
    MUST(write(*(int *)wake_up, &one, sizeof(one)));
    return NULL;
}

int main(void)
{
    int wake_up = MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long taken = 0, useless = 0;
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = wake_up};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, wake_up, &interest));
    pthread_t worker;
    if (pthread_create(&worker, NULL, work, &wake_up) != 0)
        return 1;

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
#ifdef RIGHT
        uint64_t wake_ups;
        MUST(read(wake_up, &wake_ups, sizeof(wake_ups)));
#endif
        int ready = atomic_exchange(&results, 0);
        taken += ready;
        useless += ready == 0;
    }

    pthread_join(worker, NULL);
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, wake_up, NULL));
    MUST(close(wake_up));
    MUST(close(epfd));
    return report(IS_MISUSE ? useless >= 200 : taken != 1 || useless > 0,
                  "results %ld of 1, deliveries without progress: %ld", taken, useless);
}
