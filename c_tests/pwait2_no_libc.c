/* epshim_pwait2 on a libc without epoll_pwait2. This program's own dlsym stands before libc's and
 * finds no such symbol, as with glibc before 2.35 and with musl; the answers must stay the same. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"

#include <time.h>
#include <unistd.h>

static int looked_up;

void *dlsym(void *handle, const char *name);
void *dlsym(void *handle, const char *name)
{
    (void)handle;
    CHECK_EQ(strcmp(name, "epoll_pwait2"), 0);
    looked_up++;
    return NULL;
}

static long long nanoseconds(void)
{
    struct timespec now;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(void)
{
    struct timespec nothing = {0, 0}, brief = {0, 1500001};
    struct timespec negative = {-1, 0}, denormal = {0, 1000000000};
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 42}, got;
    long long start = nanoseconds();
    int epfd = epshim_create1(0), ends[2];

    CHECK_SUCCEEDS(epshim_pwait2(epfd, &got, 1, &brief, NULL), 0);
    CHECK_EQ(looked_up, 1);
    CHECK(nanoseconds() - start >= 2000000); /* rounded up to 2 ms */
    CHECK_SUCCEEDS(epshim_pwait2(epfd, &got, 1, &nothing, NULL), 0);
    CHECK_FAILS(epshim_pwait2(epfd, &got, 1, &negative, NULL), EINVAL);
    CHECK_FAILS(epshim_pwait2(epfd, &got, 1, &denormal, NULL), EINVAL);
    if (bad_pointers_allowed()) {
        CHECK_FAILS(epshim_pwait2(epfd, &got, 1, (struct timespec *)8, NULL), EFAULT);
        CHECK_FAILS(epshim_pwait2(epfd, &got, 1, &nothing, (sigset_t *)8), EFAULT);
    }
    CHECK_FAILS(epshim_pwait2(-1, &got, 1, &nothing, NULL), EBADF);
    CHECK_FAILS(epshim_pwait2(-1, &got, 1, &negative, NULL), EINVAL); /* the timeout is read first */

    CHECK_EQ(pipe(ends), 0);
    CHECK_SUCCEEDS(epshim_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_SUCCEEDS(epshim_pwait2(epfd, &got, 1, NULL, NULL), 1);
    CHECK_EQ(got.data.u64, 42);
    CHECK_EQ(looked_up, 1);
    return 0;
}
