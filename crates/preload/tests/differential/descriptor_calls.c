/* Calls that make, copy, close and set descriptors. */
#include "world.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

int __close(int fd);
int __dup2(int from, int to);
int __fcntl(int fd, int operation, ...);

/* A listener under a name that the kernel chooses, and a connection to it (unix(7), autobind). */
static void make_listener(struct world *world)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(address);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t));
    listen(listener, 4);
    getsockname(listener, (struct sockaddr *)&address, &length);
    long connected = connect(client, (struct sockaddr *)&address, length);
    note(world, "connect", connected, 0, 0, 0);
    adopt(world, listener);
    adopt(world, client);
}

void make_descriptor(struct world *world)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int pair[2] = {-1, -1};
    switch (below(world, 6)) {
    case 0:
        pair[0] = eventfd(0, EFD_NONBLOCK | (one_in(world, 2) ? EFD_SEMAPHORE : 0));
        break;
    case 1:
        if (pipe2(pair, O_NONBLOCK) < 0)
            return;
        break;
    case 2:
        make_listener(world);
        return;
    case 3:
        pair[0] = open("/dev/null", O_RDWR | O_NONBLOCK);
        break;
    default:
        if (socketpair(AF_UNIX, types[below(world, 3)] | SOCK_NONBLOCK, 0, pair) < 0)
            return;
    }
    adopt(world, pair[0]);
    adopt(world, pair[1]);
}

/* A number to copy to: one of the pool, or a free one of the thread's own. */
static int target(struct world *world)
{
    int to = world->pool[below(world, POOL)];
    return to >= 0 ? to : world->base > 0 ? world->base + RANGE - 1 : 200;
}

static void copy(struct world *world, int fd)
{
    int to = target(world);
    if (world->base > 0 || one_in(world, 2)) {
        int operation = one_in(world, 2) ? F_DUPFD : F_DUPFD_CLOEXEC;
        take(world, "F_DUPFD", (errno = UNTOUCHED, fcntl(fd, operation, world->base)));
        return;
    }
    switch (below(world, 7)) {
    case 0:
        take(world, "dup", (errno = UNTOUCHED, dup(fd)));
        break;
    case 1:
        take(world, "SYS_dup", (errno = UNTOUCHED, (int)syscall(SYS_dup, fd)));
        break;
    case 2:
        MADE(world, dup2(fd, to), fd, to, 0);
        break;
    case 3:
        MADE(world, __dup2(fd, to), fd, to, 0);
        break;
    case 4:
        MADE(world, dup3(fd, to, one_in(world, 5) ? 1 : O_CLOEXEC), fd, to, 0);
        break;
    case 5:
        MADE(world, syscall(SYS_dup3, fd, to, O_CLOEXEC), fd, to, 0);
        break;
    default:
        take(world, "__fcntl", (errno = UNTOUCHED, __fcntl(fd, F_DUPFD, 0)));
        break;
    }
}

static void close_by_stream(struct world *world, int fd)
{
    FILE *stream = fdopen(fd, "r+");
    char byte = 'b';
    if (stream == NULL) {
        note(world, "fdopen", -1, fd, 0, 0);
        return;
    }
    if (one_in(world, 2))
        fwrite(&byte, 1, 1, stream);
    MADE(world, fclose(stream), fd, 0, 0);
}

/* Closes a descriptor of the pool; its place keeps the number for a while, as programs do. */
static void close_one(struct world *world)
{
    int i = below(world, POOL), fd = world->pool[i];
    switch (below(world, 6)) {
    case 0:
        MADE(world, syscall(SYS_close, fd), fd, 0, 0);
        break;
    case 1:
        MADE(world, __close(fd), fd, 0, 0);
        break;
    case 2:
        if (fd >= 0)
            close_by_stream(world, fd);
        break;
    case 3:
        if (fd >= 0)
            MADE(world, close_range((unsigned)fd, (unsigned)fd, 0), fd, 0, 0);
        break;
    default:
        MADE(world, close(fd), fd, 0, 0);
    }
    if (!one_in(world, 4))
        world->pool[i] = -1;
}

static void set(struct world *world, int fd)
{
    int value = 1, bytes = 0;
    switch (below(world, 8)) {
    case 0:
        MADE(world, fcntl(fd, F_GETFL), fd, 0, 0);
        break;
    case 1:
        MADE(world, fcntl(fd, F_SETFL, O_NONBLOCK), fd, 0, 0);
        break;
    case 2:
        MADE(world, ioctl(fd, FIONBIO, one_in(world, 20) ? bad_pointer() : &value), fd, 0, 0);
        break;
    case 3:
        MADE(world, ioctl(fd, FIONREAD, &bytes), fd, 0, 0);
        absorb(world, &bytes, sizeof(bytes));
        break;
    case 4:
        MADE(world, syscall(SYS_fcntl, fd, F_GETFD), fd, 0, 0);
        break;
    case 5:
        MADE(world, shutdown(fd, below(world, 4)), fd, 0, 0);
        break;
    case 6:
        MADE(world, syscall(SYS_ioctl, fd, FIONBIO, &value), fd, 0, 0);
        break;
    default:
        MADE(world, fcntl(fd, 12345, 6), fd, 0, 0);
    }
}

void call_descriptor(struct world *world)
{
    int choice = below(world, 100);
    if (choice < 20)
        make_descriptor(world);
    else if (choice < 40)
        copy(world, any(world));
    else if (choice < 60)
        close_one(world);
    else
        set(world, any(world));
}
