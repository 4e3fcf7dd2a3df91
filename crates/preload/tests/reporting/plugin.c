/* A library whose constructor runs an event loop, as plug-ins do: until the finding of its mistake is
 * written to the log that it knows of. */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Registers a descriptor twice, which is found after a while. */
__attribute__((noinline)) static int mistake(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epfd = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), -1);
    return epfd;
}

__attribute__((constructor)) static void begin(void)
{
    struct epoll_event event;
    struct stat log;
    int epfd = mistake(), waits = 0;
    do {
        CHECK(waits++ < 500);
        CHECK_EQ(epoll_wait(epfd, &event, 1, 20), 0);
    } while (stat(getenv("PLUGIN_LOG"), &log) != 0 || log.st_size == 0);
    if (strcmp(getenv("PLUGIN_ENDS"), "exits") == 0)
        exit(5);
}
