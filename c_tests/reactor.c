/* The reactor's promises, in C: who is called and for what, stale deliveries, changes of interest
 * and what they cost, another turn, timers. Misuse is in reactor_misuse.c, threads and signals are
 * in reactor_threads.c. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* This program's epoll_ctl stands before libc's for the library too, and counts. */
static int ctl_calls;

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    ctl_calls++;
    return (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

#define MOST 16

/* A socket pair, one end of which is registered, and what its callback has seen and shall do. */
struct pair {
    int ours, theirs;
    uint64_t handle;
    int calls;
    uint32_t events;
    void (*act)(struct epshim_reactor *reactor, struct pair *pair);
};

static struct pair pairs[MOST];
/* The pairs in the order in which they were called. */
static struct pair *order[MOST];
static int called;

static void note(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    struct pair *pair = data;
    CHECK_EQ(handle, pair->handle);
    pair->calls++;
    pair->events = events;
    if (called < MOST)
        order[called++] = pair;
    if (pair->act != NULL)
        pair->act(reactor, pair);
}

static void make_readable(struct pair *pair)
{
    CHECK_EQ(write(pair->theirs, "x", 1), 1);
}

/* Opens and registers a pair; with a byte to read if `readable`. */
static struct pair *open_pair(struct epshim_reactor *reactor, int i, uint32_t events, int readable)
{
    struct pair *pair = &pairs[i];
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    *pair = (struct pair){.ours = ends[0], .theirs = ends[1]};
    CHECK_SUCCEEDS(epshim_reactor_add(reactor, pair->ours, events, note, pair, &pair->handle), 0);
    CHECK(pair->handle != 0);
    if (readable)
        make_readable(pair);
    return pair;
}

static void drain(struct pair *pair)
{
    char byte;
    CHECK_EQ(read(pair->ours, &byte, 1), 1);
}

static void close_pair(struct pair *pair)
{
    CHECK_EQ(close(pair->ours), 0);
    CHECK_EQ(close(pair->theirs), 0);
}

static int calls_of_a_round(struct epshim_reactor *reactor)
{
    called = 0;
    errno = 12345;
    int calls = epshim_reactor_run_once(reactor, 0);
    CHECK_EQ(errno, 12345);
    return calls;
}

static void remove_all_others(struct epshim_reactor *reactor, struct pair *pair)
{
    for (int i = 0; i < MOST; i++) {
        if (&pairs[i] == pair)
            continue;
        CHECK_SUCCEEDS(epshim_reactor_remove(reactor, pairs[i].handle), 0);
        close_pair(&pairs[i]);
        /* The numbers of the closed ones are used again, by registrations that are quiet. */
        open_pair(reactor, i, EPOLLIN, 0);
    }
}

static void a_stale_delivery_reaches_nobody(struct epshim_reactor *reactor)
{
    for (int i = 0; i < MOST; i++)
        open_pair(reactor, i, EPOLLIN, 1)->act = remove_all_others;
    CHECK_EQ(calls_of_a_round(reactor), 1);
    CHECK_EQ(order[0]->calls, 1);
    CHECK_EQ(order[0]->events, EPOLLIN);
    order[0]->act = NULL;
    CHECK_EQ(calls_of_a_round(reactor), 1);
    for (int i = 0; i < MOST; i++) {
        CHECK_EQ(pairs[i].calls, &pairs[i] == order[0] ? 2 : 0);
        CHECK_SUCCEEDS(epshim_reactor_remove(reactor, pairs[i].handle), 0);
        close_pair(&pairs[i]);
    }
    CHECK_EQ(calls_of_a_round(reactor), 0);
}

static void end_myself(struct epshim_reactor *reactor, struct pair *pair)
{
    CHECK_SUCCEEDS(epshim_reactor_remove(reactor, pair->handle), 0);
    CHECK_FAILS(epshim_reactor_remove(reactor, pair->handle), ENOENT);
    close_pair(pair);
    /* As a program does that frees its state at once; memcheck would see a later use. */
    free(pair);
}

static void a_callback_may_end_its_own_registration_and_free_its_state(
    struct epshim_reactor *reactor)
{
    struct pair *pair = malloc(sizeof(*pair));
    *pair = *open_pair(reactor, 0, EPOLLIN, 1);
    CHECK_EQ(epshim_reactor_remove(reactor, pair->handle), 0);
    CHECK_EQ(epshim_reactor_add(reactor, pair->ours, EPOLLIN, note, pair, &pair->handle), 0);
    pair->act = end_myself;
    CHECK_EQ(calls_of_a_round(reactor), 1);
    CHECK_EQ(calls_of_a_round(reactor), 0);
}

static void changes_of_interest_are_coalesced(struct epshim_reactor *reactor)
{
    struct pair *pair = open_pair(reactor, 0, EPOLLIN, 1);
    ctl_calls = 0;
    for (int i = 0; i < 10; i++) {
        CHECK_SUCCEEDS(epshim_reactor_modify(reactor, pair->handle, EPOLLOUT), 0);
        CHECK_SUCCEEDS(epshim_reactor_modify(reactor, pair->handle, EPOLLIN), 0);
        CHECK_EQ(calls_of_a_round(reactor), 1);
        CHECK_EQ(pair->events, EPOLLIN);
    }
    CHECK_EQ(ctl_calls, 0);
    for (int i = 0; i < 10; i++)
        CHECK_SUCCEEDS(epshim_reactor_modify(reactor, pair->handle, i % 2 ? EPOLLOUT : 0), 0);
    CHECK_EQ(calls_of_a_round(reactor), 1);
    CHECK_EQ(pair->events, EPOLLOUT);
    CHECK_EQ(ctl_calls, 1);

    /* Asking for the same arms a one-shot, and has an edge delivered again. */
    for (int i = 0; i < 2; i++) {
        uint32_t interest = i ? EPOLLIN | EPOLLONESHOT : EPOLLIN | EPOLLET;
        CHECK_EQ(epshim_reactor_modify(reactor, pair->handle, interest), 0);
        CHECK_EQ(calls_of_a_round(reactor), 1);
        CHECK_EQ(calls_of_a_round(reactor), 0);
        CHECK_EQ(epshim_reactor_modify(reactor, pair->handle, interest), 0);
        CHECK_EQ(calls_of_a_round(reactor), 1);
    }
    CHECK_EQ(epshim_reactor_remove(reactor, pair->handle), 0);
    close_pair(pair);
}

static void once_more(struct epshim_reactor *reactor, struct pair *pair)
{
    CHECK_SUCCEEDS(epshim_reactor_again(reactor, pair->handle, EPOLLIN), 0);
}

static void another_turn_comes_after_everybody_elses(struct epshim_reactor *reactor)
{
    struct pair *greedy = open_pair(reactor, 0, EPOLLIN | EPOLLET, 1);
    struct pair *modest = open_pair(reactor, 1, EPOLLIN, 1);
    greedy->act = once_more;
    CHECK_EQ(calls_of_a_round(reactor), 2);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(calls_of_a_round(reactor), 2);
        CHECK(order[0] == modest && order[1] == greedy);
        CHECK_EQ(greedy->events, EPOLLIN);
    }
    CHECK_EQ(epshim_reactor_remove(reactor, greedy->handle), 0);
    CHECK_EQ(calls_of_a_round(reactor), 1);
    CHECK_EQ(epshim_reactor_remove(reactor, modest->handle), 0);
    close_pair(greedy);
    close_pair(modest);
}

/* What the callback at a round's end has seen: how often it was called, and for how many others. */
static int ends, called_before_end;

static void note_end(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    CHECK_EQ(handle, 0);
    CHECK_EQ(events, 0);
    ends++;
    called_before_end = called;
    if (data == NULL)
        return;
    once_more(reactor, data);
    /* What is set in it holds from the next round on. */
    CHECK_SUCCEEDS(epshim_reactor_on_round_end(reactor, note_end, NULL), 0);
    errno = 7;
}

static void a_round_ends_with_the_callback_that_was_set_for_it(struct epshim_reactor *reactor)
{
    struct pair *pair = open_pair(reactor, 0, EPOLLIN, 1);
    CHECK_SUCCEEDS(epshim_reactor_on_round_end(reactor, note_end, pair), 0);
    CHECK_EQ(calls_of_a_round(reactor), 2);
    CHECK_EQ(ends, 1);
    CHECK_EQ(called_before_end, 1);
    drain(pair);
    CHECK_EQ(calls_of_a_round(reactor), 2);
    CHECK_EQ(ends, 2);
    /* A round in which nothing else was called has none. */
    CHECK_EQ(calls_of_a_round(reactor), 0);
    CHECK_EQ(ends, 2);
    make_readable(pair);
    CHECK_SUCCEEDS(epshim_reactor_on_round_end(reactor, NULL, NULL), 0);
    CHECK_EQ(calls_of_a_round(reactor), 1);
    CHECK_EQ(ends, 2);
    CHECK_EQ(epshim_reactor_remove(reactor, pair->handle), 0);
    close_pair(pair);
}

static int64_t now_ns(void)
{
    struct timespec now;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void a_timer_ends_one_wait_and_is_never_early(struct epshim_reactor *reactor)
{
    struct pair timer = {.ours = -1};
    CHECK_SUCCEEDS(epshim_reactor_add(reactor, -1, 0, note, &timer, &timer.handle), 0);
    for (int64_t ns = 1; ns < 30000000; ns *= 7) {
        int64_t start = now_ns();
        CHECK_SUCCEEDS(epshim_reactor_timer(reactor, timer.handle, ns), 0);
        CHECK_EQ(epshim_reactor_run_once(reactor, -1), 1);
        CHECK(now_ns() - start >= ns);
        CHECK_EQ(timer.events, 0);
    }
    CHECK_EQ(epshim_reactor_timer(reactor, timer.handle, 0), 0);
    CHECK_EQ(epshim_reactor_timer(reactor, timer.handle, -1), 0);
    CHECK_EQ(calls_of_a_round(reactor), 0);
    CHECK_EQ(epshim_reactor_timer(reactor, timer.handle, 0), 0);
    CHECK_SUCCEEDS(epshim_reactor_remove(reactor, timer.handle), 0);
    CHECK_EQ(calls_of_a_round(reactor), 0);
}

static void a_registration_has_a_timer_of_its_own(struct epshim_reactor *reactor)
{
    struct pair *pair = open_pair(reactor, 0, EPOLLIN, 0);
    CHECK_EQ(epshim_reactor_timer(reactor, pair->handle, 1000), 0);
    CHECK_EQ(epshim_reactor_run_once(reactor, -1), 1);
    CHECK_EQ(pair->events, 0);
    make_readable(pair);
    CHECK_EQ(epshim_reactor_run_once(reactor, -1), 1);
    CHECK_EQ(pair->events, EPOLLIN);
    CHECK_EQ(epshim_reactor_remove(reactor, pair->handle), 0);
    close_pair(pair);
}

static void closing_before_removing_is_reported_and_harms_nobody(struct epshim_reactor *reactor)
{
    struct pair *old = open_pair(reactor, 0, EPOLLIN, 0), *new;
    CHECK_EQ(close(old->ours), 0);
    new = open_pair(reactor, 1, EPOLLIN, 1);
    CHECK_EQ(new->ours, old->ours); /* the number is used again */
    CHECK_EQ(epshim_reactor_modify(reactor, old->handle, EPOLLOUT), 0);
    CHECK_EQ(calls_of_a_round(reactor), 2);
    CHECK_EQ(old->events, EPOLLERR | POLLNVAL);
    CHECK_EQ(new->events, EPOLLIN);
    CHECK_FAILS(epshim_reactor_remove(reactor, old->handle), EBADF);
    CHECK_FAILS(epshim_reactor_remove(reactor, old->handle), ENOENT);
    CHECK_EQ(calls_of_a_round(reactor), 1);
    CHECK_EQ(close(new->ours), 0);
    CHECK_FAILS(epshim_reactor_remove(reactor, new->handle), EBADF);
    CHECK_EQ(close(new->theirs), 0);
    CHECK_EQ(close(old->theirs), 0);
}

int main(void)
{
    int before = open_descriptors();
    struct epshim_reactor *reactor;
    CHECK_SUCCEEDS(epshim_reactor_new(&reactor), 0);
    CHECK_EQ(open_descriptors(), before + 2);
    CHECK_EQ(calls_of_a_round(reactor), 0);
    a_stale_delivery_reaches_nobody(reactor);
    a_callback_may_end_its_own_registration_and_free_its_state(reactor);
    changes_of_interest_are_coalesced(reactor);
    another_turn_comes_after_everybody_elses(reactor);
    a_round_ends_with_the_callback_that_was_set_for_it(reactor);
    a_timer_ends_one_wait_and_is_never_early(reactor);
    a_registration_has_a_timer_of_its_own(reactor);
    closing_before_removing_is_reported_and_harms_nobody(reactor);
    CHECK_SUCCEEDS(epshim_reactor_free(reactor), 0);
    CHECK_EQ(open_descriptors(), before);
    return 0;
}
