/* The calls of libc's ABI in use: registrations, deliveries, timeouts, signal masks. */
#define _GNU_SOURCE
#include "oracle.h"

#include "check.h"

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DATA 0x0123456789abcdefULL

static int add(int epfd, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epshim_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
}

/* All 64 bits come back, and the bytes around the array stay what they were. */
static void every_bit_of_data_comes_back(void)
{
    struct {
        unsigned char before[16];
        struct epoll_event events[2];
        unsigned char after[16];
    } room;
    int epfd = epshim_create1(EPOLL_CLOEXEC), a[2], b[2];
    CHECK(epfd >= 0);
    CHECK_EQ(pipe(a), 0);
    CHECK_EQ(pipe(b), 0);
    CHECK_SUCCEEDS(add(epfd, a[0], EPOLLIN, DATA), 0);
    CHECK_SUCCEEDS(add(epfd, b[0], EPOLLIN, ~DATA), 0);
    CHECK_EQ(write(a[1], "x", 1), 1);
    CHECK_EQ(write(b[1], "x", 1), 1);

    memset(&room, 0xa5, sizeof(room));
    CHECK_SUCCEEDS(epshim_wait(epfd, room.events, 2, 0), 2);
    CHECK_EQ(room.events[0].events, EPOLLIN);
    CHECK_EQ(room.events[0].data.u64, DATA);
    CHECK_EQ(room.events[1].events, EPOLLIN);
    CHECK_EQ(room.events[1].data.u64, ~DATA);
    for (size_t i = 0; i < sizeof(room.before); i++) {
        CHECK_EQ(room.before[i], 0xa5);
        CHECK_EQ(room.after[i], 0xa5);
    }
    close(a[0]), close(a[1]), close(b[0]), close(b[1]);
    CHECK_SUCCEEDS(epshim_close(epfd), 0);
}

static void edges_one_shots_and_errors(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = 7}, got;
    int epfd = epshim_create1(0), ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_FAILS(epshim_ctl(epfd, EPOLL_CTL_MOD, ends[0], &event), ENOENT);
    CHECK_FAILS(epshim_ctl(epfd, EPOLL_CTL_DEL, ends[0], NULL), ENOENT);
    CHECK_SUCCEEDS(add(epfd, ends[0], EPOLLIN | EPOLLET, 1), 0);
    CHECK_FAILS(add(epfd, ends[0], EPOLLIN, 1), EEXIST);
    if (bad_pointers_allowed())
        CHECK_FAILS(epshim_ctl(epfd, EPOLL_CTL_ADD, ends[0], NULL), EFAULT);
    CHECK_FAILS(epshim_wait(epfd, &got, 0, 0), EINVAL);
    CHECK_FAILS(epshim_wait(ends[0], &got, 1, 0), EINVAL);

    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_SUCCEEDS(epshim_wait(epfd, &got, 1, 0), 1);
    CHECK_SUCCEEDS(epshim_wait(epfd, &got, 1, 0), 0); /* the edge is not repeated */
    CHECK_SUCCEEDS(epshim_ctl(epfd, EPOLL_CTL_MOD, ends[0], &event), 0);
    CHECK_SUCCEEDS(epshim_wait(epfd, &got, 1, -1), 1);
    CHECK_EQ(got.data.fd, 7);
    CHECK_SUCCEEDS(epshim_wait(epfd, &got, 1, 0), 0); /* fired, not re-armed */
    CHECK_SUCCEEDS(epshim_ctl(epfd, EPOLL_CTL_DEL, ends[0], NULL), 0);
    close(ends[0]), close(ends[1]);
    CHECK_SUCCEEDS(epshim_close(epfd), 0);
    CHECK_FAILS(epshim_close(epfd), EBADF);
}

static long long nanoseconds(void)
{
    struct timespec now;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void a_timeout_never_ends_early(void)
{
    static const struct timespec timeouts[] = {{0, 0}, {0, 1}, {0, 300000}, {0, 2500000}};
    struct epoll_event got;
    int epfd = epshim_create1(0);
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        long long start = nanoseconds();
        CHECK_SUCCEEDS(epshim_pwait2(epfd, &got, 1, &timeouts[i], NULL), 0);
        CHECK(nanoseconds() - start >= timeouts[i].tv_nsec);
    }
    epshim_close(epfd);
}

static volatile sig_atomic_t handled;

static void count(int signal)
{
    (void)signal;
    handled++;
}

/* A blocked signal is pending; the mask of the wait lets it in, and the wait ends with EINTR. */
static void the_mask_of_a_wait_lets_a_signal_in(void)
{
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
    struct timespec hour = {3600, 0};
    struct epoll_event got;
    sigset_t blocked, none;
    int epfd = epshim_create1(0);
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);

    raise(SIGUSR1);
    CHECK_SUCCEEDS(epshim_pwait(epfd, &got, 1, 1, &blocked), 0);
    CHECK_EQ(handled, 0);
    CHECK_FAILS(epshim_pwait(epfd, &got, 1, -1, &none), EINTR);
    CHECK_EQ(handled, 1);
    raise(SIGUSR1);
    CHECK_FAILS(epshim_pwait2(epfd, &got, 1, &hour, &none), EINTR);
    CHECK_EQ(handled, 2);
    epshim_close(epfd);
}

static void no_descriptor_is_left_is_emfile(void)
{
    struct rlimit old, low;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = 3; /* 0, 1 and 2 are taken */
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    CHECK_FAILS(epshim_create1(0), EMFILE);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
}

int main(void)
{
    int before = open_descriptors();
    every_bit_of_data_comes_back();
    edges_one_shots_and_errors();
    a_timeout_never_ends_early();
    the_mask_of_a_wait_lets_a_signal_in();
    no_descriptor_is_left_is_emfile();
    CHECK_EQ(open_descriptors(), before);
    return 0;
}
