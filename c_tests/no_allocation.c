/* No call of the library allocates: this program's own malloc family stands before libc's for the
 * library too, and counts. */
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
    return 0;
}
#endif
