/* Memory that is out is ENOMEM, and nothing else: each allocation of the library is refused in turn,
 * alone and with all that follow it. No call ends the program, nothing is left behind, nothing
 * half-made stays, and what was there before goes on. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"
#include "refusing_malloc.h"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#ifndef __GLIBC__
int main(void)
{
    SKIP("only glibc lets a program put its own malloc before libc's by these names");
}
#else

enum { DESCRIPTORS = 100, TIMERS = 30, HIGH = 900 };

static int events[DESCRIPTORS];
static uint64_t handles[DESCRIPTORS + TIMERS];
static int calls, wake_ups;

/* A call succeeds, or memory was refused and it says so. Returns whether it has succeeded. */
static int succeeds_or_enomem(int result)
{
    if (result != -1)
        return 1;
    CHECK_EQ(errno, ENOMEM);
    CHECK(refused > 0);
    return 0;
}

static void on_event(struct epshim_reactor *reactor, uint64_t handle, uint32_t flags, void *data)
{
    (void)reactor, (void)flags;
    CHECK_EQ(handle, *(uint64_t *)data);
    calls++;
}

static void on_wake(struct epshim_reactor *reactor, uint64_t handle, uint32_t flags, void *data)
{
    (void)data;
    CHECK(handle == 0 && flags == 0);
    wake_ups++;
    CHECK_EQ(epshim_reactor_stop(reactor), 0);
}

static struct epshim_reactor *create(void)
{
    struct epshim_reactor *const untouched = (void *)&blocks, *reactor = untouched;
    if (succeeds_or_enomem(epshim_reactor_new(&reactor)))
        return reactor;
    CHECK(reactor == untouched);
    return NULL;
}

/* Registers what is not registered yet. Returns how much is now. */
static int add_all(struct epshim_reactor *reactor)
{
    int added = 0;
    for (int i = 0; i < DESCRIPTORS + TIMERS; i++) {
        int fd = i < DESCRIPTORS ? events[i] : -1;
        uint32_t interest = i < DESCRIPTORS ? EPOLLIN : 0;
        if (handles[i] == 0 && !succeeds_or_enomem(epshim_reactor_add(reactor, fd, interest, on_event,
                                                                      &handles[i], &handles[i])))
            CHECK_EQ(handles[i], 0);
        added += handles[i] != 0;
    }
    return added;
}

/* All that can be done with what is registered, which allocates nothing: it works however much memory
 * is refused. */
static void use(struct epshim_reactor *reactor)
{
    int registered = 0, with_descriptor = 0;
    calls = wake_ups = 0;
    CHECK_EQ(epshim_reactor_on_wake(reactor, on_wake, NULL), 0);
    CHECK_EQ(epshim_reactor_spin(reactor, 1000), 0);
    for (int i = 0; i < DESCRIPTORS + TIMERS; i++) {
        if (handles[i] == 0)
            continue;
        registered++;
        with_descriptor += i < DESCRIPTORS;
        CHECK_EQ(epshim_reactor_timer(reactor, handles[i], 1 + i), 0);
        CHECK_EQ(epshim_reactor_again(reactor, handles[i], EPOLLOUT), 0);
        if (i < DESCRIPTORS) {
            CHECK_EQ(epshim_reactor_modify(reactor, handles[i], EPOLLIN | EPOLLONESHOT), 0);
            CHECK_EQ(epshim_reactor_modify(reactor, handles[i], EPOLLIN | EPOLLRDHUP), 0);
        }
    }
    CHECK_EQ(epshim_reactor_wake(reactor), 0);
    CHECK_EQ(epshim_reactor_run(reactor), 0);
    CHECK_EQ(wake_ups, 1);
    while (epshim_reactor_run_once(reactor, 0) != with_descriptor)
        ;
    /* Each was called for its event or its other turn, in one round or in two, and for its timer. */
    CHECK(calls >= 2 * registered);
    CHECK_EQ(epshim_reactor_wake(reactor), 0);
    CHECK_EQ(epshim_reactor_run(reactor), 0);
}

static void remove_some(struct epshim_reactor *reactor, int step)
{
    for (int i = 0; i < DESCRIPTORS + TIMERS; i += step) {
        if (handles[i] != 0)
            CHECK_EQ(epshim_reactor_remove(reactor, handles[i]), 0);
        handles[i] = 0;
    }
}

static void created_and_freed(void)
{
    struct epshim_reactor *reactor = create();
    if (reactor != NULL)
        CHECK_EQ(epshim_reactor_free(reactor), 0);
}

/* What a program does that goes on without what could not be registered, and tries again later. */
static void a_whole_life(void)
{
    struct epshim_reactor *reactor = create();
    int added;
    if (reactor == NULL)
        return;
    memset(handles, 0, sizeof(handles));
    added = add_all(reactor);
    CHECK(added == DESCRIPTORS + TIMERS || refused > 0);
    use(reactor);
    remove_some(reactor, 2);
    use(reactor);
    add_all(reactor);
    use(reactor);
    /* There is memory again: all find room, and what was refused has left nothing behind. */
    refuse_nothing();
    CHECK_EQ(add_all(reactor), DESCRIPTORS + TIMERS);
    use(reactor);
    remove_some(reactor, 3);
    CHECK_EQ(epshim_reactor_free(reactor), 0);
}

/* The calls that keep no state allocate nothing, their first ones included. */
static void plain_calls(void)
{
    struct epoll_event event = {.events = EPOLLIN}, got;
    struct timespec brief = {0, 1000};
    struct epshim_layout layout;
    uint32_t ready;
    uint64_t data;
    int epfd = epshim_create1(EPOLL_CLOEXEC);
    CHECK(epfd != -1);
    CHECK_EQ(epshim_ctl(epfd, EPOLL_CTL_ADD, events[0], &event), 0);
    CHECK_EQ(epshim_modify(epfd, events[0], EPOLLOUT | EPOLLET, 1), 0);
    CHECK_EQ(epshim_wait(epfd, &got, 1, 0), 1);
    CHECK_EQ(epshim_pwait(epfd, &got, 1, 0, NULL), 0);
    CHECK_EQ(epshim_pwait2(epfd, &got, 1, &brief, NULL), 0);
    CHECK_EQ(epshim_wait_split(epfd, &ready, &data, 1, 1000), 0);
    CHECK_EQ(epshim_delete(epfd, events[0]), 0);
    CHECK_EQ(epshim_add(epfd, events[0], EPOLLIN, 2), 0);
    CHECK_EQ(epshim_layout(&layout), 0);
    CHECK_EQ(epshim_close(epfd), 0);
}

/* Refuses one allocation after the other, until none is left to be refused. Returns how many. */
static long refuse_each(void (*scenario)(void), int all_after)
{
    int before = open_descriptors();
    for (long number = 0;; number++) {
        long live = blocks, count;
        refuse(number, all_after);
        scenario();
        count = refused;
        refuse_nothing();
        CHECK_EQ(blocks, live);
        CHECK_EQ(open_descriptors(), before);
        if (count == 0)
            return number;
    }
}

int main(void)
{
    void *volatile probe;
    refuse(1, 0);
    probe = malloc(1);
    CHECK_EQ(blocks, 1); /* the counter works, and the refusal */
    CHECK(calloc(1, 1) == NULL);
    free(probe);
    for (int i = 0; i < DESCRIPTORS; i++) {
        int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        /* High numbers make the list of descriptors grow in steps of its own. */
        events[i] = i % 10 ? fd : dup2(fd, HIGH + i);
        CHECK(events[i] != -1);
    }
    refuse(0, 1);
    plain_calls();
    CHECK_EQ(asked, 0);
    refuse_nothing();
    CHECK(refuse_each(created_and_freed, 0) > 0);
    CHECK(refuse_each(created_and_freed, 1) > 0);
    CHECK(refuse_each(a_whole_life, 0) > 10);
    CHECK(refuse_each(a_whole_life, 1) > 10);
    return 0;
}
#endif
