/* Any error of the wait ends the server.
 *
 * fault: wait-interrupted
 * verdict: status */
#define OWN_WAIT_ERROR
#include "server.h"

static void on_wait_error(void)
{
#ifdef RIGHT
    if (errno == EINTR)
        return;
#endif
    MUST(-1);
}
