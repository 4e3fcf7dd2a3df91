/* Writing to any descriptor. A positioned write needs a file that cannot be registered. */
#include "hooks.h"

#define WRITE(name)                                                                                \
    HOOK(ssize_t, name, is_watched(fd), (int fd, const void *buffer, size_t size),                 \
         (fd, buffer, size))                                                                       \
    {                                                                                              \
        tell_io_begins(fd, TELL_WRITE, false, site);                                               \
        return io_ended(fd, TELL_WRITE, size, NEXT(name)(fd, buffer, size), site);                 \
    }

WRITE(write)
WRITE(__write)

static ssize_t writev_ended(int fd, const struct iovec *parts, int count, ssize_t got,
                            const void *site)
{
    size_t asked = got < 0 ? 0 : size_of_parts(parts, (size_t)count);
    return io_ended(fd, TELL_WRITE, asked, got, site);
}

HOOK(ssize_t, writev, is_watched(fd), (int fd, const struct iovec *parts, int count),
     (fd, parts, count))
{
    tell_io_begins(fd, TELL_WRITE, false, site);
    return writev_ended(fd, parts, count, NEXT(writev)(fd, parts, count), site);
}

/* With the offset -1 it is writev with flags (readv(2)). */
#define PWRITEV2(name, offset_type)                                                                \
    HOOK(ssize_t, name, is_watched(fd) && offset == -1,                                            \
         (int fd, const struct iovec *parts, int count, offset_type offset, int flags),            \
         (fd, parts, count, offset, flags))                                                        \
    {                                                                                              \
        tell_io_begins(fd, TELL_WRITE, flags & RWF_NOWAIT, site);                                  \
        ssize_t got = NEXT(name)(fd, parts, count, offset, flags);                                 \
        return writev_ended(fd, parts, count, got, site);                                          \
    }

PWRITEV2(pwritev2, off_t)
PWRITEV2(pwritev64v2, offset64)

HOOK(int, eventfd_write, is_watched(fd), (int fd, eventfd_t value), (fd, value))
{
    tell_io_begins(fd, TELL_WRITE, false, site);
    int result = NEXT(eventfd_write)(fd, value);
    io_ended(fd, TELL_WRITE, sizeof(value), result < 0 ? -1 : (ssize_t)sizeof(value), site);
    return result;
}
