// The runtime library's structure.
import core.sys.linux.epoll;

void main()
{
    epoll_event event;
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
    epoll_wait(epoll, &event, 1, 0);
}
