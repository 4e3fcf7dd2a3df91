/* The layout-free calls, and what the library says of itself. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"

#include <unistd.h>

enum { PIPES = 300 };

/* What a program that declares the structure itself would prove with the header's macro. */
#if defined(__x86_64__)
struct own_event {
    uint32_t flags;
    uint64_t cookie;
} __attribute__((packed));
EPSHIM_ASSERT_EVENT_LAYOUT(struct own_event, flags, cookie);
#endif

static void registrations_and_deliveries(void)
{
    uint32_t events[2] = {0, 0xa5a5a5a5};
    uint64_t data[2] = {0, 0xa5a5a5a5a5a5a5a5};
    int epfd = epshim_create1(EPOLL_CLOEXEC), ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_FAILS(epshim_modify(epfd, ends[0], EPOLLIN, 0), ENOENT);
    CHECK_FAILS(epshim_delete(epfd, ends[0]), ENOENT);
    CHECK_FAILS(epshim_add(epfd, -1, EPOLLIN, 0), EBADF);
    CHECK_SUCCEEDS(epshim_add(epfd, ends[0], EPOLLIN | EPOLLET, 0xfedcba9876543210), 0);
    CHECK_FAILS(epshim_add(epfd, ends[0], EPOLLIN, 0), EEXIST);

    CHECK_SUCCEEDS(epshim_wait_split(epfd, events, data, 2, 0), 0);
    CHECK_SUCCEEDS(epshim_wait_split(epfd, events, data, 2, 1500000), 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_SUCCEEDS(epshim_wait_split(epfd, events, data, 2, -1), 1);
    CHECK_EQ(events[0], EPOLLIN);
    CHECK_EQ(data[0], 0xfedcba9876543210);
    CHECK_EQ(events[1], 0xa5a5a5a5);
    CHECK_EQ(data[1], 0xa5a5a5a5a5a5a5a5);
    CHECK_SUCCEEDS(epshim_wait_split(epfd, events, data, 2, 0), 0);
    CHECK_SUCCEEDS(epshim_modify(epfd, ends[0], EPOLLIN, 7), 0);
    CHECK_SUCCEEDS(epshim_wait_split(epfd, events, data, 2, 0), 1);
    CHECK_EQ(data[0], 7);

    CHECK_FAILS(epshim_wait_split(epfd, NULL, data, 2, 0), EFAULT);
    CHECK_FAILS(epshim_wait_split(epfd, events, NULL, 2, 0), EFAULT);
    CHECK_FAILS(epshim_wait_split(epfd, events, data, 0, 0), EINVAL);
    CHECK_FAILS(epshim_wait_split(epfd, NULL, NULL, -1, 0), EINVAL);
    CHECK_FAILS(epshim_wait_split(-1, events, data, 1, 0), EBADF);
    CHECK_FAILS(epshim_wait_split(ends[0], events, data, 1, 0), EINVAL);
    CHECK_SUCCEEDS(epshim_delete(epfd, ends[0]), 0);
    close(ends[0]), close(ends[1]);
    CHECK_SUCCEEDS(epshim_close(epfd), 0);
}

/* More is ready than one call returns: the rest comes with the next, and nothing twice. */
static void a_long_array_is_filled_in_batches(void)
{
    static uint32_t events[PIPES];
    static uint64_t data[PIPES];
    static int ends[PIPES][2], seen[PIPES];
    int epfd = epshim_create1(0), total = 0;
    for (int i = 0; i < PIPES; i++) {
        CHECK_EQ(pipe(ends[i]), 0);
        CHECK_EQ(write(ends[i][1], "x", 1), 1);
        CHECK_SUCCEEDS(epshim_add(epfd, ends[i][0], EPOLLIN | EPOLLET, (uint64_t)i), 0);
    }
    while (total < PIPES) {
        int ready = epshim_wait_split(epfd, events, data, PIPES, 0);
        CHECK(ready > 0 && ready <= 256);
        for (int i = 0; i < ready; i++)
            seen[data[i]]++;
        total += ready;
    }
    CHECK_SUCCEEDS(epshim_wait_split(epfd, events, data, PIPES, 0), 0);
    for (int i = 0; i < PIPES; i++) {
        CHECK_EQ(seen[i], 1);
        close(ends[i][0]), close(ends[i][1]);
    }
    epshim_close(epfd);
}

static void the_library_describes_itself(void)
{
    struct epshim_layout layout;
    CHECK_SUCCEEDS(epshim_layout(&layout), 0);
    CHECK_EQ(layout.size, sizeof(struct epoll_event));
    CHECK_EQ(layout.align, _Alignof(struct epoll_event));
    CHECK_EQ(layout.events_offset, offsetof(struct epoll_event, events));
    CHECK_EQ(layout.data_offset, offsetof(struct epoll_event, data));
    CHECK_EQ(layout.data_size, sizeof(epoll_data_t));
    CHECK_EQ(layout.data_align, _Alignof(epoll_data_t));
    CHECK_EQ(layout.packed, layout.align < layout.data_align);
    CHECK_FAILS(epshim_layout(NULL), EFAULT);

    char version[32];
    snprintf(version, sizeof(version), "%d.%d.%d", EPSHIM_VERSION_MAJOR, EPSHIM_VERSION_MINOR,
             EPSHIM_VERSION_PATCH);
    CHECK_EQ(strcmp(version, EPSHIM_VERSION), 0);
    CHECK_EQ(strcmp(version, epshim_version()), 0);
}

int main(void)
{
    int before = open_descriptors();
    registrations_and_deliveries();
    a_long_array_is_filled_in_batches();
    the_library_describes_itself();
    CHECK_EQ(open_descriptors(), before);
    return 0;
}
