/* The rest of a message that is sent in part is forgotten.
 *
 * fault: short-write
 * verdict: hang */
#define OWN_FLUSH
#include "server.h"

static bool flush(struct connection *it)
{
    while (it->sent < it->out) {
        struct iovec part = {it->output + it->sent, it->out - it->sent};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        ssize_t sent = sendmsg(it->fd, &message, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN;
#ifndef RIGHT
        break;
#else
        it->sent += (size_t)sent;
#endif
    }
    it->sent = it->out = 0;
    return true;
}
