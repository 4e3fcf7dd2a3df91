/* A layer below the program makes a second epoll, of the kernel's, with each that the program asks for, and polls
 * it now and then. When the program closes its own, the layer forgets the kernel's: the descriptors run out.
 *
 * Right: the layer closes both.
 *
 * expect: nothing
 * after: https://github.com/F-Stack/f-stack/pull/831
 * shows: error
 */
#include "../misuse/loop.h"

enum { REQUESTS = 600 };

/* What the program has, of which the kernel knows nothing, and the epoll of the kernel. */
static int kernel_epolls[REQUESTS];
static int highest;

static int stack_epoll_create(int request)
{
    kernel_epolls[request] = MUST(epoll_create1(EPOLL_CLOEXEC));
    if (kernel_epolls[request] > highest)
        highest = kernel_epolls[request];
    return request;
}

static void stack_epoll_add(int stack_epfd, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(kernel_epolls[stack_epfd], EPOLL_CTL_ADD, fd, &interest));
}

/* The stack has an event of its own each time; the kernel has none. */
static int stack_epoll_wait(int stack_epfd)
{
    struct epoll_event event;
    return 1 + DELIVERED(epoll_wait(kernel_epolls[stack_epfd], &event, 1, 0));
}

static void stack_close(int stack_epfd)
{
#ifdef RIGHT
    MUST(close(kernel_epolls[stack_epfd]));
#endif
    (void)stack_epfd;
}

int main(void)
{
    int fd, peer, served = 0;
    connect_pair(&fd, &peer);
    for (int i = 0; i < REQUESTS; i++) {
        int epfd = stack_epoll_create(i);
        stack_epoll_add(epfd, fd);
        served += stack_epoll_wait(epfd);
        stack_close(epfd);
    }
    sleep_until(in_ms(2800));

    MUST(close(fd));
    MUST(close(peer));
    return report(highest > REQUESTS / 2 || served != REQUESTS, "served %d, the highest descriptor: %d", served,
                  highest);
}
