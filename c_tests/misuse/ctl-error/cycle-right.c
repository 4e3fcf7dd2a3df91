/* Loops are nested in one direction only. What shall wake both is registered with both.
 *
 * expect: nothing
 */
#include "../loop.h"

#include <sys/eventfd.h>

static void watch(int epfd, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
}

int main(void)
{
    int first = MUST(epoll_create1(EPOLL_CLOEXEC)), second = MUST(epoll_create1(EPOLL_CLOEXEC));
    int wake_up = MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    struct epoll_event event;
    uint64_t one = 1;
    watch(first, second);
    watch(first, wake_up);
    watch(second, wake_up);

    MUST(write(wake_up, &one, sizeof(one)));
    int woken = DELIVERED(epoll_wait(second, &event, 1, 5000));
    MUST(read(wake_up, &one, sizeof(one)));

    MUST(epoll_ctl(second, EPOLL_CTL_DEL, wake_up, NULL));
    MUST(epoll_ctl(first, EPOLL_CTL_DEL, wake_up, NULL));
    MUST(epoll_ctl(first, EPOLL_CTL_DEL, second, NULL));
    MUST(close(wake_up));
    MUST(close(second));
    MUST(close(first));
    return report(woken < 1, "woken %d of 1", woken);
}
