/* An answer that finds no room is dropped: such small ones always have.
 *
 * fault: write-again
 * verdict: hang */
#define OWN_FLUSH
#include "server.h"

static bool flush(struct connection *it)
{
    while (it->sent < it->out) {
        ssize_t sent = send(it->fd, it->output + it->sent, it->out - it->sent, MSG_NOSIGNAL);
#ifndef RIGHT
        if (sent < 0 && errno == EAGAIN)
            break;
#endif
        if (sent < 0)
            return errno == EAGAIN;
        it->sent += (size_t)sent;
    }
    it->sent = it->out = 0;
    return true;
}
