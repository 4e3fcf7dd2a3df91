/* Calls that take something from a descriptor, and those that pass it to another. */
#include "world.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Declared by no header; what -D_FORTIFY_SOURCE makes of read and recv. */
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __read(int fd, void *buffer, size_t size);

static void accept_one(struct world *world, int fd)
{
    int flags = one_in(world, 9) ? 1 : SOCK_NONBLOCK;
    switch (below(world, 3)) {
    case 0:
        take(world, "accept", (errno = UNTOUCHED, accept(fd, NULL, NULL)));
        break;
    case 1:
        take(world, "SYS_accept4",
                    (errno = UNTOUCHED, (int)syscall(SYS_accept4, fd, NULL, NULL, flags)));
        break;
    default:
        take(world, "accept4", (errno = UNTOUCHED, accept4(fd, NULL, NULL, flags)));
        break;
    }
}

static void pass(struct world *world, int fd, size_t size)
{
    int to = any(world);
    switch (below(world, 4)) {
    case 0:
        MADE(world, sendfile(to, fd, NULL, size), to, fd, size);
        break;
    case 1:
        MADE(world, tee(fd, to, size, SPLICE_F_NONBLOCK), to, fd, size);
        break;
    case 2:
        MADE(world, syscall(SYS_splice, fd, NULL, to, NULL, size, SPLICE_F_NONBLOCK), to, fd, size);
        break;
    default:
        MADE(world, splice(fd, NULL, to, NULL, size, SPLICE_F_NONBLOCK), to, fd, size);
    }
}

static long read_some(struct world *world, int fd, char *buffer, size_t size, int flags)
{
    struct iovec parts[2] = {{buffer, size / 3}, {buffer + size / 3, size - size / 3}};
    struct iovec *list = one_in(world, 40) ? bad_pointer() : parts;
    switch (below(world, 11)) {
    case 0:
        return MADE(world, readv(fd, list, 2), fd, size, 0);
    case 1:
        return MADE(world, preadv2(fd, list, 2, -1, RWF_NOWAIT), fd, size, 0);
    case 2:
        return MADE(world, syscall(SYS_read, fd, buffer, size), fd, size, 0);
    case 3:
        return MADE(world, recv(fd, buffer, size, flags), fd, size, flags);
    case 4:
        return MADE(world, recvfrom(fd, buffer, size, flags, NULL, NULL), fd, size, flags);
    case 5:
        return MADE(world, __read_chk(fd, buffer, size, 4096), fd, size, 0);
    case 6:
        return MADE(world, __recv_chk(fd, buffer, size, 4096, flags), fd, size, flags);
    case 7:
        return MADE(world, syscall(SYS_readv, fd, list, 2), fd, size, 0);
    case 8:
        return MADE(world, __read(fd, buffer, size), fd, size, 0);
    default:
        return MADE(world, read(fd, buffer, size), fd, size, 0);
    }
}

void call_input(struct world *world)
{
    static const int all_flags[] = {0, 0, MSG_PEEK, MSG_DONTWAIT, MSG_TRUNC, MSG_OOB};
    char buffer[4096] = "";
    int fd = any(world), choice = below(world, 100);
    size_t size = one_in(world, 8) ? 8 : (size_t)below(world, sizeof(buffer));
    eventfd_t value = 0;
    char *place = one_in(world, 40) ? bad_pointer() : buffer;
    if (choice < 8) {
        accept_one(world, fd);
    } else if (choice < 16) {
        pass(world, fd, size);
    } else if (choice < 22) {
        MADE(world, eventfd_read(fd, &value), fd, 0, 0);
        absorb(world, &value, sizeof(value));
    } else {
        read_some(world, fd, place, size, all_flags[below(world, 6)]);
        absorb(world, buffer, sizeof(buffer) / 8);
    }
}
