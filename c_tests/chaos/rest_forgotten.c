/* The rest of a short write is forgotten.
 *
 * fault: short-write
 * verdict: hang */
#define OWN_FLUSH
#include "server.h"

static bool flush(struct connection *it)
{
    while (it->sent < it->out) {
        ssize_t sent = send(it->fd, it->output + it->sent, it->out - it->sent, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN;
        it->sent += (size_t)sent;
#ifndef RIGHT
        break;
#endif
    }
    it->sent = it->out = 0;
    return true;
}
