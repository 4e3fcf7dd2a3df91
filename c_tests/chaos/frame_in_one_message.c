/* One recvmsg is expected to bring a whole frame: one that comes in two parts ends the connection.
 *
 * fault: short-read
 * verdict: status */
#define OWN_INPUT
#include "server.h"

/* Reads into two buffers: what is left of the header, and the bytes behind it. */
static ssize_t receive(struct connection *it)
{
    size_t header = it->in < 4 ? 4 - it->in : 0;
    struct iovec parts[2] = {{it->input + it->in, header},
                             {it->input + it->in + header, sizeof it->input - it->in - header}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return recvmsg(it->fd, &message, 0);
}

static bool on_input(struct connection *it)
{
    for (;;) {
        ssize_t got = receive(it);
        if (got < 0)
            return errno == EAGAIN;
        if (got == 0)
            return false;
        it->in += (size_t)got;
        answer(it);
#ifndef RIGHT
        if (it->in > 0)
            return false;
#endif
        if (!flush(it))
            return false;
    }
}
