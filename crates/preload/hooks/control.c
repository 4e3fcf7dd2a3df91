/* fcntl, ioctl and shutdown: what changes a descriptor's flags, copies it, or ends its output. */
#include "chaos.h"

#include <fcntl.h>
#include <sys/ioctl.h>

void fcntl_ended(int fd, int operation, int result, const void *site)
{
    if (result < 0)
        return;
    if (operation == F_DUPFD || operation == F_DUPFD_CLOEXEC)
        on_duplicated(fd, result, site);
    else if (operation == F_SETFL)
        on_flags_changed(fd);
}

void ioctl_ended(int fd, unsigned long operation, int result, const void *site)
{
    if (is_chaos())
        on_chaos_counted(fd);
    if (operation == FIONBIO) {
        if (result >= 0)
            on_flags_changed(fd);
    } else if (operation != FIONREAD) { /* which only asks how much there is to read */
        on_io_end(fd, IO_CONTROL, 0, 0, result < 0 ? errno : 0, site);
    }
}

void shutdown_ended(int fd, int how, int result)
{
    if (result == 0 && how != SHUT_RD)
        on_shut_down(fd);
}
