/* fcntl, ioctl and shutdown: what changes a descriptor's flags, copies it, or ends its output. */
#include "hooks.h"

#include <fcntl.h>
#include <sys/ioctl.h>

int fcntl_ended(int fd, int operation, int result, const void *site)
{
    if (result < 0)
        return result;
    if (operation == F_DUPFD || operation == F_DUPFD_CLOEXEC)
        tell_duplicated(fd, result, site);
    else if (operation == F_SETFL)
        tell_flags_changed(fd);
    return result;
}

int ioctl_ended(int fd, unsigned long operation, int result, const void *site)
{
    if (operation == FIONBIO) {
        if (result >= 0)
            tell_flags_changed(fd);
    } else if (operation != FIONREAD) { /* which only asks how much there is to read */
        tell_io_ended(fd, TELL_CONTROL, 0, 0, result < 0 ? errno : 0, site);
    }
    return result;
}

#define FCNTL(name)                                                                                \
    HOOK_AS(control_function, int, name, is_watched(fd),                                           \
            (int fd, int operation, uintptr_t argument), (fd, operation, argument))                \
    {                                                                                              \
        int result = NEXT_VARIADIC(name, control_function)(fd, operation, argument);               \
        return fcntl_ended(fd, operation, result, site);                                           \
    }

#define IOCTL(name)                                                                                \
    HOOK_AS(ioctl_function, int, name, is_watched(fd),                                             \
            (int fd, unsigned long operation, uintptr_t argument), (fd, operation, argument))      \
    {                                                                                              \
        int result = NEXT_VARIADIC(name, ioctl_function)(fd, operation, argument);                 \
        return ioctl_ended(fd, operation, result, site);                                           \
    }

FCNTL(fcntl)
FCNTL(fcntl64)
FCNTL(__fcntl)
IOCTL(ioctl)
#if HAS_TIME64
FCNTL(__fcntl_time64)
IOCTL(__ioctl_time64)
#endif

HOOK(int, shutdown, is_watched(fd), (int fd, int how), (fd, how))
{
    int result = NEXT(shutdown)(fd, how);
    if (result == 0 && how != SHUT_RD)
        tell_shut_down(fd);
    return result;
}
