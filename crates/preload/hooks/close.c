/*
 * Everything that closes descriptors. libc closes by functions of its own inside fclose, closedir,
 * pclose and freopen, which the hook of close does not see; so those are hooked as well.
 *
 * A hook reports a close before the call: after it, the number may already be another thread's.
 */
#include "hooks.h"

/* The kernel's (uapi/linux/close_range.h), whose headers need not be installed. */
enum { UNSHARE = 1 << 1 };

/* The next watched descriptor from first on, or WATCHABLE. */
static unsigned next_watched(unsigned first)
{
    while (first < WATCHABLE) {
        unsigned long word = atomic_load_explicit(&epshim_watched[first / WORD_BITS],
                                                  memory_order_relaxed);
        word >>= first % WORD_BITS;
        if (word != 0)
            return first + (unsigned)__builtin_ctzl(word);
        first += WORD_BITS - first % WORD_BITS;
    }
    return WATCHABLE;
}

void closing_range(unsigned first, unsigned last, int flags, const void *site)
{
    if (flags & ~UNSHARE) /* With CLOSE_RANGE_CLOEXEC, nothing is closed now. */
        return;
    for (unsigned fd = next_watched(first); fd < WATCHABLE && fd <= last; fd = next_watched(fd + 1))
        on_closing((int)fd, site);
    if (atomic_load_explicit(&epshim_hazard, memory_order_relaxed))
        on_closing_any(first, last);
}

/* fclose of no stream crashes in libc, and pclose of one that has no process fails there. */
void closing_stream(FILE *stream, const void *site)
{
    if (stream == NULL)
        return;
    int saved = errno;
    int fd = fileno(stream); /* -1 where the stream is memory */
    errno = saved;
    closing(fd, site);
}

/* No directory can be registered; but its number may be one whose close was not seen. */
void closing_directory(DIR *directory, const void *site)
{
    closing(directory == NULL ? -1 : dirfd(directory), site);
}
