/* Any error of accept ends the drain of an edge-triggered listener: the connections behind it are never accepted.
 *
 * fault: accept-aborted
 * verdict: hang */
#define OWN_ACCEPT
#include "server.h"

static void on_accept(void)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            accepted(fd);
#ifndef RIGHT
        else
            return;
#else
        else if (errno == EAGAIN)
            return;
#endif
    }
}
