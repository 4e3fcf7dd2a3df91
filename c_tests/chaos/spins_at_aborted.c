/* After an error of accept the server takes no more connections, and leaves the listener registered: it is reported
 * again and again.
 *
 * fault: accept-aborted
 * verdict: spin */
#define OWN_ACCEPT
#define EDGE 0
#include "server.h"

static void on_accept(void)
{
#ifndef RIGHT
    static bool is_over = false;
    if (is_over)
        return;
#endif
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        accepted(fd);
#ifndef RIGHT
    else
        is_over = errno != EAGAIN;
#endif
}
