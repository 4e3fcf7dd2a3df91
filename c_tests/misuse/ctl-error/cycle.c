/* Two event loops, each to be woken by the other: the second registration would close a circle, and
 * fails with ELOOP. Its result is ignored, and the second loop sleeps through the first one's
 * events.
 *
 * Right: loops are nested in one direction only. What shall wake both is registered with both.
 *
 * expect: ctl-error
 * after: https://github.com/flux-framework/flux-core/issues/2554
 * shows: hangs
 */
#include "../loop.h"

#include <sys/eventfd.h>

static void watch(int epfd, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
#ifndef RIGHT
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest); /* finding */
#else
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
#endif
}

int main(void)
{
    int first = MUST(epoll_create1(EPOLL_CLOEXEC)), second = MUST(epoll_create1(EPOLL_CLOEXEC));
    int wake_up = MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    struct epoll_event event;
    uint64_t one = 1;
    watch(first, second);
    watch(first, wake_up);
#ifndef RIGHT
    watch(second, first);
#else
    watch(second, wake_up);
#endif

    MUST(write(wake_up, &one, sizeof(one)));
    int woken = DELIVERED(epoll_wait(second, &event, 1, IS_MISUSE ? 1000 : 5000));
    MUST(read(wake_up, &one, sizeof(one)));

#ifdef RIGHT
    MUST(epoll_ctl(second, EPOLL_CTL_DEL, wake_up, NULL));
#endif
    MUST(epoll_ctl(first, EPOLL_CTL_DEL, wake_up, NULL));
    MUST(epoll_ctl(first, EPOLL_CTL_DEL, second, NULL));
    MUST(close(wake_up));
    MUST(close(second));
    MUST(close(first));
    return report(woken < 1, "woken %d of 1", woken);
}
