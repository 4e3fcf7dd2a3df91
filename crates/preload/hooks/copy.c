/* dup, dup2, dup3, and the copies that fcntl makes. */
#include "hooks.h"

#include <fcntl.h>

void copied(int from, int copy, const void *site)
{
    if (copy >= 0 && copy != from && is_watched(from))
        on_duplicated(from, copy, site);
}

/* dup2 leaves 'to' open if 'from' is not open, and if it is the same number (dup(2)). */
static bool replaces(int from, int to)
{
    if (!is_close_observed(to) || from == to)
        return false;
    if (!may_call(REFUSED_DESCRIPTORS))
        return true; /* Programs do not copy what is not open. */
    int saved = errno;
    bool is_open = NEXT_VARIADIC(fcntl, control_function)(from, F_GETFD) >= 0;
    errno = saved;
    return is_open;
}

void replacing(int from, int to, int flags, const void *site)
{
    if ((flags & ~O_CLOEXEC) == 0 && replaces(from, to))
        closing(to, site);
}
