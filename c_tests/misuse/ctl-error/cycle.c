/* Two event loops, each to be woken by the other: the second registration would close a circle, and
 * fails with ELOOP. Nobody looks, and the second loop sleeps through the first one's events.
 *
 * expect: ctl-error
 * after: https://github.com/flux-framework/flux-core/issues/2554
 * shows: hangs
 */
#include "../loop.h"

#include <sys/eventfd.h>

static void wake_by(int epfd, int other)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = other};
    epoll_ctl(epfd, EPOLL_CTL_ADD, other, &interest); /* finding */
}

int main(void)
{
    int first = MUST(epoll_create1(EPOLL_CLOEXEC)), second = MUST(epoll_create1(EPOLL_CLOEXEC));
    int wake_up = MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = wake_up};
    uint64_t one = 1;
    wake_by(first, second);
    wake_by(second, first);
    MUST(epoll_ctl(first, EPOLL_CTL_ADD, wake_up, &interest));

    MUST(write(wake_up, &one, sizeof(one)));
    int woken = DELIVERED(epoll_wait(second, &event, 1, 1000));
    MUST(read(wake_up, &one, sizeof(one)));

    MUST(epoll_ctl(first, EPOLL_CTL_DEL, wake_up, NULL));
    MUST(epoll_ctl(first, EPOLL_CTL_DEL, second, NULL));
    MUST(close(wake_up));
    MUST(close(second));
    MUST(close(first));
    return report(woken < 1, "woken %d of 1", woken);
}
