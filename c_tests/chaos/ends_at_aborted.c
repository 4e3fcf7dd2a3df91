/* Any error of accept but EAGAIN ends the server.
 *
 * fault: accept-aborted
 * verdict: status */
#define OWN_ACCEPT
#include "server.h"

static void on_accept(void)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            accepted(fd);
        else if (errno == EAGAIN)
            return;
#ifndef RIGHT
        else
            MUST(-1);
#endif
    }
}
