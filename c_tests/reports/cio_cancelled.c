/* An answer and the timer that limits the wait for it are ready at once. The handler of the socket cancels the timer
 * and removes it from the loop; the batch has an event of it still, and the handler of the timer runs.
 *
 * Right: what is removed is struck out of the batch.
 *
 * expect: nothing
 * after: https://github.com/gatzka/cio/pull/3
 * shows: error
 */
#include "../misuse/loop.h"

#include <sys/timerfd.h>

enum { EVENTS = 4 };

struct loop {
    int epfd, socket, timer, count;
    struct epoll_event events[EVENTS];
};

static void remove_from(struct loop *l, int fd)
{
    MUST(epoll_ctl(l->epfd, EPOLL_CTL_DEL, fd, NULL));
#ifdef RIGHT
    for (int i = 0; i < l->count; i++)
        if (l->events[i].data.fd == fd)
            l->events[i].data.fd = -1;
#endif
}

static void cancel(struct loop *l)
{
    struct itimerspec never = {0};
    MUST(timerfd_settime(l->timer, 0, &never, NULL));
    remove_from(l, l->timer);
}

int main(void)
{
    struct loop l = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    int peer, answers = 0, timeouts = 0;
    struct itimerspec soon = {.it_value.tv_nsec = 20000000};
    connect_pair(&l.socket, &peer);
    l.timer = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? l.socket : l.timer;
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
        MUST(epoll_ctl(l.epfd, EPOLL_CTL_ADD, fd, &interest));
    }
    MUST(timerfd_settime(l.timer, 0, &soon, NULL));
    tell(peer, "answer");
    sleep_until(in_ms(60));

    int64_t end = in_ms(1000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        l.count = DELIVERED(epoll_wait(l.epfd, l.events, EVENTS, ms));
        for (int i = 0; i < l.count; i++) {
            uint64_t expired;
            char text[16];
            if (l.events[i].data.fd == l.socket && read(l.socket, text, sizeof(text)) > 0) {
                answers++;
                cancel(&l);
            } else if (l.events[i].data.fd == l.timer) {
                timeouts += read(l.timer, &expired, sizeof(expired)) == -1; /* finding */
            }
        }
    }

    MUST(close(l.socket));
    MUST(close(peer));
    MUST(close(l.timer));
    MUST(close(l.epfd));
    return report(timeouts > 0 || answers != 1, "answers: %d, timeouts after they were cancelled: %d", answers,
                  timeouts);
}
