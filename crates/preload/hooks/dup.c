/* dup, dup2, dup3. The copies that fcntl makes are in control.c. */
#include "hooks.h"

#include <fcntl.h>

HOOK(int, dup, is_watched(fd), (int fd), (fd))
{
    int copy = NEXT(dup)(fd);
    if (copy >= 0)
        tell_duplicated(fd, copy, site);
    return copy;
}

/* dup2 leaves 'to' open if 'from' is not open, and if it is the same number (dup(2)). */
bool replaces(int from, int to)
{
    if (!is_close_told(to) || from == to)
        return false;
    int saved = errno;
    bool is_open = NEXT_VARIADIC(fcntl, control_function)(from, F_GETFD) >= 0;
    errno = saved;
    return is_open;
}

static inline int replaced(int from, int copy, const void *site)
{
    if (copy >= 0 && copy != from && is_watched(from))
        tell_duplicated(from, copy, site);
    return copy;
}

#define DUP2(name)                                                                                 \
    HOOK(int, name, is_watched(from) || is_close_told(to), (int from, int to), (from, to))            \
    {                                                                                              \
        if (replaces(from, to))                                                                    \
            closing(to, site);                                                                \
        return replaced(from, NEXT(name)(from, to), site);                                         \
    }

DUP2(dup2)
DUP2(__dup2)

HOOK(int, dup3, is_watched(from) || is_close_told(to), (int from, int to, int flags),
     (from, to, flags))
{
    if ((flags & ~O_CLOEXEC) == 0 && replaces(from, to))
        closing(to, site);
    return replaced(from, NEXT(dup3)(from, to, flags), site);
}
