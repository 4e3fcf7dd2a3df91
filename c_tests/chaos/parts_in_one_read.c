/* The length and the bytes are read into two buffers at once, and taken for a frame, however much came.
 *
 * fault: short-read
 * verdict: status */
#define OWN_INPUT
#include "server.h"

static bool on_input(struct connection *it)
{
    for (;;) {
        uint32_t size = 0;
        struct iovec parts[2] = {{it->input + it->in, sizeof size},
                                 {it->input + it->in + sizeof size, sizeof it->input - it->in - sizeof size}};
        bool is_whole = it->in + sizeof size < sizeof it->input;
        ssize_t got = is_whole ? readv(it->fd, parts, 2)
                               : read(it->fd, it->input + it->in, sizeof it->input - it->in);
        if (got < 0)
            return errno == EAGAIN;
        if (got == 0)
            return false;
        it->in += (size_t)got;
#ifndef RIGHT
        memcpy(&size, it->input, sizeof size);
        it->in = sizeof size + size;
#endif
        answer(it);
        if (!flush(it))
            return false;
    }
}
