/* A bug of the library ends the program and says where: here the bug is the kernel's, whose epoll_wait this
 * program plays, and which returns more events than there is room for. */
#include "epshim.h"

#include <stdio.h>

int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
    (void)epfd, (void)events, (void)timeout;
    return maxevents + 1;
}

int main(void)
{
    struct epshim_reactor *reactor;
    if (epshim_reactor_new(&reactor) != 0) {
        perror("epshim_reactor_new");
        return 1;
    }
    epshim_reactor_run_once(reactor, 0);
    printf("it has gone on\n");
    return 0;
}
