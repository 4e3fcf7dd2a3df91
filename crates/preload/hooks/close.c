/*
 * Everything that closes descriptors. libc closes by functions of its own inside fclose, closedir,
 * pclose and freopen, which the hook of close does not see; so those are hooked as well.
 *
 * What is told comes before the call: after it, the number may already be another thread's.
 */
#include "hooks.h"

/* The kernel's (uapi/linux/close_range.h), whose headers need not be installed. */
enum { UNSHARE = 1 << 1 };

HOOK(int, close, is_close_told(fd), (int fd), (fd))
{
    closing(fd, site);
    return NEXT(close)(fd);
}

HOOK(int, __close, is_close_told(fd), (int fd), (fd))
{
    closing(fd, site);
    return NEXT(__close)(fd);
}

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
        tell_closing((int)fd, site);
    if (atomic_load_explicit(&epshim_looking, memory_order_relaxed))
        tell_gone(first, last);
}

HOOK(int, close_range, is_checking(), (unsigned first, unsigned last, int flags),
     (first, last, flags))
{
    closing_range(first, last, flags, site);
    return NEXT(close_range)(first, last, flags);
}

void hook_closefrom(int first)
{
    if (is_checking())
        closing_range(first < 0 ? 0 : (unsigned)first, WATCHABLE, 0, __builtin_return_address(0));
    NEXT(closefrom)(first);
}

/* fclose of no stream crashes in libc, and pclose of one that has no process fails there. */
static void closing_stream(FILE *stream, const void *site)
{
    if (stream == NULL)
        return;
    int saved = errno;
    int fd = fileno(stream); /* -1 where the stream is memory */
    errno = saved;
    closing(fd, site);
}

HOOK(int, fclose, is_checking(), (FILE *stream), (stream))
{
    closing_stream(stream, site);
    return NEXT(fclose)(stream);
}

HOOK(int, pclose, is_checking(), (FILE *stream), (stream))
{
    closing_stream(stream, site);
    return NEXT(pclose)(stream);
}

#define FREOPEN(name)                                                                              \
    HOOK(FILE *, name, is_checking(), (const char *path, const char *mode, FILE *stream),          \
         (path, mode, stream))                                                                     \
    {                                                                                              \
        closing_stream(stream, site);                                                              \
        return NEXT(name)(path, mode, stream);                                                     \
    }

FREOPEN(freopen)
FREOPEN(freopen64)

/* No directory can be registered; but its number may be one whose close was not seen. */
HOOK(int, closedir, is_checking(), (DIR *directory), (directory))
{
    int fd = directory == NULL ? -1 : dirfd(directory);
    closing(fd, site);
    return NEXT(closedir)(directory);
}
