/* The system's header. */
#include <sys/epoll.h>

int main(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
    return epoll_wait(epoll, &event, 1, 0);
}
