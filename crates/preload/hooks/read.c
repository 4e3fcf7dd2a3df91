/* Reading from any descriptor. A positioned read takes nothing from a stream, and is not hooked. */
#include "hooks.h"

#define READ(name)                                                                                 \
    HOOK(ssize_t, name, is_watched(fd), (int fd, void *buffer, size_t size), (fd, buffer, size))   \
    {                                                                                              \
        tell_io_begins(fd, TELL_READ, false, site);                                                \
        return io_ended(fd, TELL_READ, size, NEXT(name)(fd, buffer, size), site);                  \
    }

READ(read)
READ(__read)

/* What -D_FORTIFY_SOURCE makes of read. */
HOOK(ssize_t, __read_chk, is_watched(fd), (int fd, void *buffer, size_t size, size_t room),
     (fd, buffer, size, room))
{
    tell_io_begins(fd, TELL_READ, false, site);
    return io_ended(fd, TELL_READ, size, NEXT(__read_chk)(fd, buffer, size, room), site);
}

static ssize_t readv_ended(int fd, const struct iovec *parts, int count, ssize_t got,
                           const void *site)
{
    size_t asked = got < 0 ? 0 : size_of_parts(parts, (size_t)count);
    return io_ended(fd, TELL_READ, asked, got, site);
}

HOOK(ssize_t, readv, is_watched(fd), (int fd, const struct iovec *parts, int count),
     (fd, parts, count))
{
    tell_io_begins(fd, TELL_READ, false, site);
    return readv_ended(fd, parts, count, NEXT(readv)(fd, parts, count), site);
}

/* With the offset -1 it is readv with flags (readv(2)). */
#define PREADV2(name, offset_type)                                                                 \
    HOOK(ssize_t, name, is_watched(fd) && offset == -1,                                            \
         (int fd, const struct iovec *parts, int count, offset_type offset, int flags),            \
         (fd, parts, count, offset, flags))                                                        \
    {                                                                                              \
        tell_io_begins(fd, TELL_READ, flags & RWF_NOWAIT, site);                                   \
        ssize_t got = NEXT(name)(fd, parts, count, offset, flags);                                 \
        return readv_ended(fd, parts, count, got, site);                                           \
    }

PREADV2(preadv2, off_t)
PREADV2(preadv64v2, offset64)

HOOK(int, eventfd_read, is_watched(fd), (int fd, eventfd_t *value), (fd, value))
{
    tell_io_begins(fd, TELL_READ, false, site);
    int result = NEXT(eventfd_read)(fd, value);
    io_ended(fd, TELL_READ, sizeof(*value), result < 0 ? -1 : (ssize_t)sizeof(*value), site);
    return result;
}
