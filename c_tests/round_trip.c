/* What must hold on every target: an event comes back as it was registered, all 64 bits of its data
 * included, and the kernel writes nothing but the events it reports. Prints the layout as compiled,
 * for `epshim-layouts run`, which runs this under qemu. Only calls that qemu-user knows are made. */
#include "check.h"
#include "layout_probe.c"
#include "oracle.h"
#include <unistd.h>

enum { PIPES = 4, UNTOUCHED = 0xa5 };

static const uint64_t patterns[PIPES] = {UINT64_C(0x0123456789abcdef), UINT64_MAX, 0,
                                         UINT64_C(0x8000000000000001)};
static int readers[PIPES], writers[PIPES];

/* The array between two canaries. */
static struct {
    unsigned char before[64];
    struct epoll_event events[2 * PIPES];
    unsigned char after[64];
} memory;

/* Waits for up to maxevents events and checks every byte outside of those delivered. */
static int wait_for(int epfd, int maxevents)
{
    memset(&memory, UNTOUCHED, sizeof memory);
    int count = epshim_wait(epfd, memory.events, maxevents, 5000);
    CHECK(count >= 1 && count <= maxevents);

    const unsigned char *bytes = (const unsigned char *)&memory;
    const unsigned char *first = (const unsigned char *)memory.events;
    const unsigned char *end = (const unsigned char *)(memory.events + count);
    for (size_t i = 0; i < sizeof memory; i++)
        if (bytes + i < first || bytes + i >= end)
            CHECK_EQ(bytes[i], UNTOUCHED);
    return count;
}

static void all_patterns_come_back(int epfd)
{
    int seen[PIPES] = {0};
    CHECK_EQ(wait_for(epfd, 2 * PIPES), PIPES);
    for (int i = 0; i < PIPES; i++) {
        CHECK_EQ(memory.events[i].events, EPOLLIN);
        for (int j = 0; j < PIPES; j++)
            seen[j] += memory.events[i].data.u64 == patterns[j];
    }
    for (int j = 0; j < PIPES; j++)
        CHECK_EQ(seen[j], 1);
}

static void the_other_members_come_back(int epfd)
{
    for (int i = 1; i < PIPES; i++)
        CHECK_EQ(epshim_ctl(epfd, EPOLL_CTL_DEL, readers[i], NULL), 0);
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = &memory;
    CHECK_EQ(epshim_ctl(epfd, EPOLL_CTL_MOD, readers[0], &event), 0);
    CHECK_EQ(wait_for(epfd, 2 * PIPES), 1);
    CHECK(memory.events[0].data.ptr == &memory);

    event.data.fd = readers[0];
    CHECK_EQ(epshim_ctl(epfd, EPOLL_CTL_MOD, readers[0], &event), 0);
    CHECK_EQ(wait_for(epfd, 2 * PIPES), 1);
    CHECK_EQ(memory.events[0].data.fd, readers[0]);
    CHECK_EQ(epshim_wait(epfd, memory.events, 1, 0), 0); /* the edge is gone */
}

int main(void)
{
    int epfd = epshim_create1(EPOLL_CLOEXEC);
    CHECK(epfd >= 0);
    for (int i = 0; i < PIPES; i++) {
        int ends[2];
        CHECK_EQ(pipe(ends), 0);
        readers[i] = ends[0];
        writers[i] = ends[1];
        struct epoll_event event;
        memset(&event, 0, sizeof event);
        event.events = EPOLLIN;
        event.data.u64 = patterns[i];
        CHECK_EQ(epshim_ctl(epfd, EPOLL_CTL_ADD, readers[i], &event), 0);
        CHECK_EQ(write(writers[i], "x", 1), 1);
    }
    all_patterns_come_back(epfd);
    CHECK_EQ(wait_for(epfd, 1), 1);
    the_other_members_come_back(epfd);
    CHECK_EQ(epshim_close(epfd), 0);

    for (size_t i = 0; i < layout_probe_count; i++)
        printf("%s\t%lld\n", layout_probes[i].name, layout_probes[i].value);
    puts("round trip passed");
    return 0;
}
