/* The emitted header in a program that never sees <sys/epoll.h>: three pipes, one wait. */
#include "target_epoll.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define CHECK(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);      \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

int main(void)
{
    const uint64_t data = UINT64_C(0xfedcba9876543210);
    int epfd = epoll_create1(TARGET_EPOLL_CLOEXEC);
    CHECK(epfd >= 0);
    int reader = -1;
    for (uint64_t i = 0; i < 3; i++) {
        int ends[2];
        CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
        reader = ends[0];
        struct target_epoll_event event;
        event.events = TARGET_EPOLLIN | TARGET_EPOLLET;
        event.data.u64 = data + i;
        CHECK(epoll_ctl(epfd, TARGET_EPOLL_CTL_ADD, reader, &event) == 0);
    }
    struct target_epoll_event events[4];
    CHECK(epoll_wait(epfd, events, 4, 0) == 3);
    uint64_t seen = 0;
    for (int i = 0; i < 3; i++) {
        CHECK(events[i].events == TARGET_EPOLLIN);
        CHECK(events[i].data.u64 - data < 3);
        seen |= UINT64_C(1) << (events[i].data.u64 - data);
    }
    CHECK(seen == 7);
    CHECK(epoll_wait(epfd, events, 4, 0) == 0); /* edge-triggered: not again */
    CHECK(epoll_ctl(epfd, TARGET_EPOLL_CTL_MOD, reader, &events[0]) == 0);
    CHECK(epoll_wait(epfd, events, 4, 0) == 1);
    CHECK(epoll_ctl(epfd, TARGET_EPOLL_CTL_DEL, reader, NULL) == 0);
    CHECK(epoll_ctl(epfd, TARGET_EPOLL_CTL_DEL, reader, NULL) == -1 && errno == ENOENT);
    puts("round trip: ok");
    return 0;
}
