/* The loop puts a task in the queue when a timer has expired, and the task itself reads the timer, when the executor
 * gets to it. Until then the timer is readable: the loop is told of it again and again, and puts the same task in the
 * queue each time.
 *
 * Right: the loop reads the timer before it puts the task in the queue.
 *
 * expect: level-spin
 * after: https://github.com/autowarefoundation/agnocast/pull/1096
 * shows: spins
 */
#include "../misuse/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/timerfd.h>

enum { BUSY_MS = 4000, PERIOD_MS = 500 };

static int timer;
static atomic_long queued, run;
static atomic_bool is_over;

static void read_timer(void)
{
    uint64_t expirations;
    if (read(timer, &expirations, sizeof(expirations)) == -1 && errno != EAGAIN)
        exit(1);
}

/* Another callback has it for long. */
static void *execute(void *unused)
{
    sleep_until(in_ms(BUSY_MS));
    while (!is_over) {
        if (run < queued) {
#ifndef RIGHT
            read_timer();
#endif
            run++;
        } else {
            sleep_until(in_ms(5));
        }
    }
    return unused;
}

int main(void)
{
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    pthread_t executor;
    timer = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    struct itimerspec period = {.it_value.tv_nsec = PERIOD_MS * 1000000L, .it_interval.tv_nsec = PERIOD_MS * 1000000L};
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = timer};
    MUST(timerfd_settime(timer, 0, &period, NULL));
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, timer, &interest));
    if (pthread_create(&executor, NULL, execute, NULL) != 0)
        exit(1);

    int64_t end = in_ms(BUSY_MS + 500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
#ifdef RIGHT
        read_timer();
#endif
        queued++;
    }

    is_over = true;
    if (pthread_join(executor, NULL) != 0)
        exit(1);
    MUST(close(timer));
    MUST(close(epfd));
    return report(queued > 100, "%ld tasks in %d ms", (long)queued, BUSY_MS + 500);
}
