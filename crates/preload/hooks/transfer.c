/*
 * What moves bytes from one descriptor to another: sendfile, splice, tee.
 *
 * A short count may be due to either side, so it is told as all that was asked for. An error is
 * told to the side that it is most likely due to: the output of sendfile, whose input is a file,
 * and the input of splice and tee, for an EAGAIN there is a drain that must not be missed.
 */
#include "hooks.h"

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

void transfer_ended(const struct transfer *transfer, size_t size, ssize_t got, bool output_fails)
{
    side_ended(transfer, transfer->from, transfer->kind, size, got, !output_fails);
    side_ended(transfer, transfer->to, TELL_WRITE, size, got, output_fails);
}
