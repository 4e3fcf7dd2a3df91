/* The length of a frame is expected in one read: of a part of it, all is thrown away.
 *
 * fault: short-read
 * verdict: hang */
#define OWN_INPUT
#include "server.h"

static bool on_input(struct connection *it)
{
    for (;;) {
        ssize_t got = read(it->fd, it->input + it->in, sizeof it->input - it->in);
        if (got < 0)
            return errno == EAGAIN;
        if (got == 0)
            return false;
#ifndef RIGHT
        if (it->in == 0 && got < (ssize_t)sizeof(uint32_t))
            continue;
#endif
        it->in += (size_t)got;
        answer(it);
        if (!flush(it))
            return false;
    }
}
