/* What was delivered is read without a look at EAGAIN: a read that fails is taken for the end.
 *
 * fault: read-again
 * verdict: status */
#define OWN_INPUT
#include "server.h"

static bool on_input(struct connection *it)
{
#ifndef RIGHT
    bool is_first = it->is_used;
#endif
    for (;;) {
        ssize_t got = read(it->fd, it->input + it->in, sizeof it->input - it->in);
#ifndef RIGHT
        if (got < 0 && is_first && it->out == 0)
            return false;
        is_first = false;
#endif
        if (got < 0)
            return errno == EAGAIN;
        if (got == 0)
            return false;
        it->is_used = true;
        it->in += (size_t)got;
        answer(it);
        if (!flush(it))
            return false;
    }
}
