/*
 * What moves bytes from one descriptor to another: sendfile, splice, tee.
 *
 * A short count may be due to either side, so it is reported as all that was asked for. An error is
 * reported of the side that it is most likely due to: the output of sendfile, whose input is a file,
 * and the input of splice and tee, for an EAGAIN there is a drain that must not be missed.
 */
#include "hooks.h"

struct transfer transfer_begins(int from, enum io_kind kind, int to, bool dontwait,
                                const void *site)
{
    struct transfer transfer = {.from = is_watched(from) ? from : -1,
                                .to = is_watched(to) ? to : -1,
                                .kind = kind,
                                .site = site};
    if (transfer.from >= 0)
        on_io_begin(from, kind, dontwait, site);
    if (transfer.to >= 0 && may_raise_sigpipe())
        on_unguarded_write(to, site);
    if (transfer.to >= 0)
        on_io_begin(to, IO_WRITE, dontwait, site);
    return transfer;
}

/* Tells one side; where the error is the other's, that nothing was done here. */
static void side_ended(const struct transfer *transfer, int fd, enum io_kind kind, size_t size,
                       ssize_t got, bool is_at_fault)
{
    if (fd < 0)
        return;
    if (got < 0)
        on_io_end(fd, kind, is_at_fault ? size : 0, is_at_fault ? -1 : 0,
                      is_at_fault ? errno : 0, transfer->site);
    else /* 0 is the end of the input, if anything was asked for */
        on_io_end(fd, kind, got == 0 && kind != IO_WRITE ? size : (size_t)got, got, 0,
                      transfer->site);
}

void transfer_ended(const struct transfer *transfer, size_t size, ssize_t got, bool output_fails)
{
    side_ended(transfer, transfer->from, transfer->kind, size, got, !output_fails);
    side_ended(transfer, transfer->to, IO_WRITE, size, got, output_fails);
}
