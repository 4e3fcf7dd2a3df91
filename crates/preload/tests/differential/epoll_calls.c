/* Calls of epoll, in libc and through syscall(2). */
#include "world.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST 64

static uint32_t some_events(struct world *world)
{
    static const uint32_t masks[] = {EPOLLIN,
                                     EPOLLOUT,
                                     EPOLLIN | EPOLLOUT,
                                     EPOLLIN | EPOLLET,
                                     EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP,
                                     EPOLLIN | EPOLLONESHOT,
                                     EPOLLIN | EPOLLEXCLUSIVE,
                                     0,
                                     EPOLLPRI};
    return one_in(world, 16) ? (uint32_t)random_bits(world) & ~(uint32_t)EPOLLWAKEUP
                             : masks[below(world, 9)];
}

static void control(struct world *world)
{
    struct epoll_event event = {.events = some_events(world), .data.u64 = random_bits(world)};
    struct epoll_event *pointer = one_in(world, 40) ? bad_pointer() : &event;
    static const int ops[] = {EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL};
    int epfd = any_epoll(world), fd = any(world), op = ops[below(world, 4)];
    if (one_in(world, 50))
        op = below(world, 100);
    if (one_in(world, 50))
        pointer = NULL;
    if (one_in(world, 4))
        MADE(world, syscall(SYS_epoll_ctl, epfd, op, fd, pointer), epfd, op, fd);
    else
        MADE(world, epoll_ctl(epfd, op, fd, pointer), epfd, op, fd);
}

static void delivered(struct world *world, const struct epoll_event *events, long count)
{
    for (long i = 0; i < count; i++) {
        struct epoll_event event = events[i];
        absorb(world, &event.events, sizeof(event.events));
        absorb(world, &event.data, sizeof(event.data));
    }
}

static void wait_for(struct world *world)
{
    struct epoll_event events[MOST];
    struct epoll_event *pointer = one_in(world, 40) ? bad_pointer() : events;
    struct timespec none = {0, one_in(world, 30) ? 1000000000 : 0};
    struct timespec *timeout = one_in(world, 30) ? bad_pointer() : &none;
    int epfd = any_epoll(world), most = one_in(world, 30) ? below(world, 3) - 2 : 1 + below(world, MOST);
    int patience = one_in(world, 500) ? 1 : 0;
    sigset_t mask;
    sigemptyset(&mask);
    long count;
    switch (below(world, 6)) {
    case 0:
        count = MADE(world, epoll_pwait(epfd, pointer, most, patience, &mask), epfd, most, 0);
        break;
    case 1:
        count = MADE(world, epoll_pwait2(epfd, pointer, most, timeout, &mask), epfd, most, 0);
        break;
    case 2:
        count = MADE(world, syscall(SYS_epoll_pwait, epfd, pointer, most, patience, NULL, 8), epfd,
                     most, 0);
        break;
    case 3:
        count = MADE(world, syscall(SYS_epoll_pwait2, epfd, pointer, most, timeout, NULL, 8), epfd,
                     most, 0);
        break;
    default:
        count = MADE(world, epoll_wait(epfd, pointer, most, patience), epfd, most, 0);
    }
    delivered(world, events, count);
}

static int create(struct world *world)
{
    int size = below(world, 4) - 1, flags = one_in(world, 9) ? 1 : 0;
    switch (below(world, 4)) {
    case 0:
        return take(world, "epoll_create", (errno = UNTOUCHED, epoll_create(size)));
    case 1:
        return take(world, "SYS_epoll_create1",
                    (errno = UNTOUCHED, (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC)));
    default:
        return take(world, "epoll_create1", (errno = UNTOUCHED, epoll_create1(flags)));
    }
}

void call_epoll(struct world *world)
{
    int choice = below(world, 100);
    if (choice < 3) {
        int place = create(world);
        if (place >= 0)
            world->epolls[place] = true;
    } else if (choice < 55) {
        control(world);
    } else {
        wait_for(world);
    }
}
