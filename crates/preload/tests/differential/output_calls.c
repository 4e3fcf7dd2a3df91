/* Calls that put something into a descriptor. */
#include "world.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t __write(int fd, const void *buffer, size_t size);
ssize_t __send(int fd, const void *buffer, size_t size, int flags);

void call_output(struct world *world)
{
    char *bytes = world->bytes;
    int fd = any(world), flags = one_in(world, 3) ? MSG_DONTWAIT : 0;
    size_t size = one_in(world, 8) ? 8 : (size_t)below(world, sizeof(world->bytes));
    memset(bytes, below(world, 200), sizeof(world->bytes));
    char *from = one_in(world, 40) ? bad_pointer() : bytes;
    struct iovec parts[2] = {{from, size / 2}, {from + size / 2, size - size / 2}};
    struct iovec *list = one_in(world, 40) ? bad_pointer() : parts;
    switch (below(world, 13)) {
    case 0:
        MADE(world, writev(fd, list, 2), fd, size, 0);
        break;
    case 1:
        MADE(world, pwritev2(fd, list, 2, -1, 0), fd, size, 0);
        break;
    case 2:
        MADE(world, syscall(SYS_write, fd, from, size), fd, size, 0);
        break;
    case 3:
        MADE(world, send(fd, from, size, flags), fd, size, flags);
        break;
    case 4:
        MADE(world, sendto(fd, from, size, flags, NULL, 0), fd, size, flags);
        break;
    case 5:
        MADE(world, eventfd_write(fd, (uint64_t)below(world, 9)), fd, 0, 0);
        break;
    case 6:
        MADE(world, vmsplice(fd, list, 1, SPLICE_F_NONBLOCK), fd, size, 0);
        break;
    case 7:
        MADE(world, __write(fd, from, size), fd, size, 0);
        break;
    case 8:
        MADE(world, __send(fd, from, size, flags), fd, size, flags);
        break;
    case 9:
        MADE(world, syscall(SYS_writev, fd, list, 2), fd, size, 0);
        break;
    default:
        MADE(world, write(fd, from, size), fd, size, 0);
    }
}
