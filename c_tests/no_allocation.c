/* No call of the library allocates, nor does a round of a reactor: this program's own malloc family
 * stands before libc's for the library too, and counts. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#ifndef __GLIBC__
int main(void)
{
    SKIP("only glibc lets a program put its own malloc before libc's by these names");
}
#else

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

static int allocations;

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    allocations++;
    *out = __libc_memalign(align, size);
    return *out == NULL ? ENOMEM : 0;
}

static void every_call_once(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd}, got;
    struct timespec brief = {0, 1000};
    struct epshim_layout layout;
    uint32_t events;
    uint64_t data;
    sigset_t none;
    int epfd = epshim_create1(EPOLL_CLOEXEC);
    sigemptyset(&none);
    CHECK_EQ(epshim_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
    CHECK_EQ(epshim_modify(epfd, fd, EPOLLIN | EPOLLET, 1), 0);
    CHECK_EQ(epshim_wait(epfd, &got, 1, 0), 0);
    CHECK_EQ(epshim_pwait(epfd, &got, 1, 0, &none), 0);
    CHECK_EQ(epshim_pwait2(epfd, &got, 1, &brief, &none), 0);
    CHECK_EQ(epshim_wait_split(epfd, &events, &data, 1, 1000), 0);
    CHECK_EQ(epshim_delete(epfd, fd), 0);
    CHECK_EQ(epshim_add(epfd, fd, EPOLLIN, 2), 0);
    CHECK_EQ(epshim_wait(epfd, &got, -1, 0), -1);
    CHECK_EQ(epshim_layout(&layout), 0);
    CHECK(epshim_version() != NULL);
    CHECK_EQ(epshim_close(epfd), 0);
}

static void handle_event(struct epshim_reactor *reactor, uint64_t handle, uint32_t events,
                         void *data)
{
    uint64_t *current = data;
    if (handle == 0 || events == 0)
        return;
    /* All that a callback can do: its registration ends, and another takes its place. */
    CHECK_EQ(epshim_reactor_modify(reactor, handle, EPOLLIN | EPOLLET), 0);
    CHECK_EQ(epshim_reactor_again(reactor, handle, EPOLLOUT), 0);
    CHECK_EQ(epshim_reactor_timer(reactor, handle, 0), 0);
    CHECK_EQ(epshim_reactor_remove(reactor, handle), 0);
    CHECK_EQ(epshim_reactor_add(reactor, current[0], EPOLLIN, handle_event, data, &current[1]), 0);
    CHECK_EQ(epshim_reactor_timer(reactor, current[1], 0), 0);
    CHECK_EQ(epshim_reactor_wake(reactor), 0);
}

static void rounds_of_a_reactor(int fd)
{
    struct epshim_reactor *reactor;
    uint64_t current[2] = {(uint64_t)fd, 0};
    CHECK_EQ(epshim_reactor_new(&reactor), 0);
    CHECK_EQ(epshim_reactor_on_wake(reactor, handle_event, current), 0);
    CHECK_EQ(epshim_reactor_on_round_end(reactor, handle_event, current), 0);
    CHECK_EQ(epshim_reactor_add(reactor, fd, EPOLLIN, handle_event, current, &current[1]), 0);
    allocations = 0;
    for (int i = 0; i < 1000; i++)
        CHECK(epshim_reactor_run_once(reactor, -1) > 0);
    CHECK_EQ(allocations, 0);
    CHECK_EQ(epshim_reactor_free(reactor), 0);
}

int main(void)
{
    void *volatile probe = malloc(1);
    int ends[2];
    CHECK_EQ(allocations, 1); /* the counter works */
    free(probe);
    CHECK_EQ(pipe(ends), 0);
    allocations = 0;
    for (int i = 0; i < 1000; i++)
        every_call_once(ends[0]);
    CHECK_EQ(allocations, 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    rounds_of_a_reactor(ends[0]);
    return 0;
}
#endif
