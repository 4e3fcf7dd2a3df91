/*
 * What moves bytes from one descriptor to another: sendfile, splice, tee; and vmsplice.
 *
 * A short count may be due to either side, so it is told as all that was asked for. An error is
 * told to the side that it is most likely due to: the output of sendfile, whose input is a file,
 * and the input of splice and tee, for an EAGAIN there is a drain that must not be missed.
 */
#include "transfer.h"

#include <fcntl.h>

struct transfer transfer_begins(int from, enum tell_io kind, int to, bool dontwait,
                                const void *site)
{
    struct transfer transfer = {.from = is_watched(from) ? from : -1,
                                .to = is_watched(to) ? to : -1,
                                .kind = kind,
                                .site = site};
    if (transfer.from >= 0)
        tell_io_begins(from, kind, dontwait, site);
    if (transfer.to >= 0)
        tell_io_begins(to, TELL_WRITE, dontwait, site);
    return transfer;
}

/* Tells one side; where the error is the other's, that nothing was done here. */
static void side_ended(const struct transfer *transfer, int fd, enum tell_io kind, size_t size,
                       ssize_t got, bool is_at_fault)
{
    if (fd < 0)
        return;
    if (got < 0)
        tell_io_ended(fd, kind, is_at_fault ? size : 0, is_at_fault ? -1 : 0,
                      is_at_fault ? errno : 0, transfer->site);
    else /* 0 is the end of the input, if anything was asked for */
        tell_io_ended(fd, kind, got == 0 && kind != TELL_WRITE ? size : (size_t)got, got, 0,
                      transfer->site);
}

ssize_t transfer_ended(const struct transfer *transfer, size_t size, ssize_t got, bool output_fails)
{
    side_ended(transfer, transfer->from, transfer->kind, size, got, !output_fails);
    side_ended(transfer, transfer->to, TELL_WRITE, size, got, output_fails);
    return got;
}

#define SENDFILE(name, offset_type)                                                                \
    HOOK(ssize_t, name, is_watched(to) || is_watched(from),                                        \
         (int to, int from, offset_type *offset, size_t size), (to, from, offset, size))           \
    {                                                                                              \
        struct transfer transfer = transfer_begins(from, TELL_READ, to, false, site);              \
        return transfer_ended(&transfer, size, NEXT(name)(to, from, offset, size), true);          \
    }

SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, offset64)

HOOK(ssize_t, splice, is_watched(from) || is_watched(to),
     (int from, offset64 *from_offset, int to, offset64 *to_offset, size_t size, unsigned flags),
     (from, from_offset, to, to_offset, size, flags))
{
    struct transfer transfer = transfer_begins(from, TELL_READ, to, flags & SPLICE_F_NONBLOCK, site);
    ssize_t got = NEXT(splice)(from, from_offset, to, to_offset, size, flags);
    return transfer_ended(&transfer, size, got, false);
}

HOOK(ssize_t, tee, is_watched(from) || is_watched(to),
     (int from, int to, size_t size, unsigned flags), (from, to, size, flags))
{
    struct transfer transfer = transfer_begins(from, TELL_PEEK, to, flags & SPLICE_F_NONBLOCK, site);
    return transfer_ended(&transfer, size, NEXT(tee)(from, to, size, flags), false);
}

enum tell_io kind_of_vmsplice(int fd)
{
    int saved = errno;
    int flags = NEXT_VARIADIC(fcntl, control_function)(fd, F_GETFL);
    errno = saved;
    return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY ? TELL_READ : TELL_WRITE;
}

HOOK(ssize_t, vmsplice, is_watched(fd),
     (int fd, const struct iovec *parts, size_t count, unsigned flags), (fd, parts, count, flags))
{
    enum tell_io kind = kind_of_vmsplice(fd);
    tell_io_begins(fd, kind, flags & SPLICE_F_NONBLOCK, site);
    ssize_t got = NEXT(vmsplice)(fd, parts, count, flags);
    return io_ended(fd, kind, got < 0 ? 0 : size_of_parts(parts, count), got, site);
}
