/* How much memory is the process's own: at the start, and with as many registrations as the argument
 * says, each of which was delivered. Prints both, in KiB. */
#define _GNU_SOURCE
#include "check.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* Private_Dirty of proc_pid_smaps_rollup(5): what was written, and is shared with no other process. */
static long own_kilobytes(void)
{
    char line[256];
    long kilobytes = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (file == NULL)
        SKIP("no /proc/self/smaps_rollup");
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Private_Dirty: %ld", &kilobytes) == 1)
            break;
    fclose(file);
    CHECK(kilobytes >= 0);
    return kilobytes;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 0;
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < (rlim_t)count + 100)
        SKIP("too few descriptors are allowed");

    int epfd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN}, events[64];
    epoll_wait(epfd, &event, 1, 0);
    long start = own_kilobytes();
    for (int i = 0; i < count; i++) {
        int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
        CHECK(fd >= 0);
        event.data.fd = fd;
        CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
    }
    for (int seen = 0; seen < count;) {
        int told = epoll_wait(epfd, events, 64, 0);
        CHECK(told > 0);
        for (int i = 0; i < told; i++) {
            eventfd_t value;
            CHECK_EQ(eventfd_read(events[i].data.fd, &value), 0);
        }
        seen += told;
    }
    printf("%ld %ld\n", start, own_kilobytes());
    return 0;
}
