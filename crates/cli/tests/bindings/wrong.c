/* A structure written by hand: 16 bytes where C has 12, and with -DPACKED the other way round. */
#include <stdint.h>

#ifdef PACKED
#define LAYOUT __attribute__((packed))
#else
#define LAYOUT
#endif

struct epoll_event {
    uint32_t events;
    uint64_t data;
} LAYOUT;

int epoll_create1(int flags);
int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int epoll_wait(int epoll, struct epoll_event *events, int room, int timeout);

int main(void)
{
    struct epoll_event event = {1, 0};
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, 1, 0, &event);
    return epoll_wait(epoll, &event, 1, 0);
}
