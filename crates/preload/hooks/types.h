/* The types in the signatures of the table of functions (functions.toml). */
#ifndef EPSHIM_TYPES_H
#define EPSHIM_TYPES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

/* Before 1.2.4, musl made macros of the names with 64. */
#undef fcntl64
#undef freopen64
#undef preadv64v2
#undef pwritev64v2
#undef sendfile64

/* glibc on 32 bits (but for x32, whose time_t always had 64) has a second set of the functions that
 * pass times; programs built with _TIME_BITS=64 call those. */
#if defined(__GLIBC__) && UINTPTR_MAX == UINT32_MAX && !defined(__x86_64__)
#define HAS_TIME64 1
#define kernel_timespec timespec64
#else
#define HAS_TIME64 0
#define kernel_timespec timespec
#endif

/* What those functions pass, and the system calls whose times have 64 bits: they are under the name
 * kernel_timespec what the kernel reads. */
struct timespec64 {
    int64_t seconds;
    int64_t nanoseconds; /* the upper half is not looked at */
};

/* What __select64 passes. */
struct timeval64 {
    int64_t seconds;
    int64_t microseconds;
};

/* The 64-bit offsets, which musl has under no other name than off_t. */
typedef int64_t offset64;

#endif
