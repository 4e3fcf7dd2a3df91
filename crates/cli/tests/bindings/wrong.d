// A structure written by hand, without align(1).
struct epoll_event
{
    uint events;
    ulong data;
}

extern (C) int epoll_create1(int flags);
extern (C) int epoll_ctl(int epoll, int op, int fd, epoll_event* event);

void main()
{
    epoll_event event;
    epoll_ctl(epoll_create1(0), 1, 0, &event);
}
