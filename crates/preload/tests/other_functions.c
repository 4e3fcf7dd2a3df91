/* Functions that read and wait under names that no hook knows: libc's own, behind the preload library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/types.h>

ssize_t other_read(int fd, void *buffer, size_t size);
int other_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);

/* libc's function of that name, also if a library before libc has one. */
static void *libc_function(const char *name)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    return libc == NULL ? NULL : dlsym(libc, name);
}

ssize_t other_read(int fd, void *buffer, size_t size)
{
    ssize_t (*read)(int, void *, size_t);
    *(void **)&read = libc_function("read");
    return read(fd, buffer, size);
}

int other_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
    int (*wait)(int, struct epoll_event *, int, int);
    *(void **)&wait = libc_function("epoll_wait");
    return wait(epfd, events, maxevents, timeout);
}
