/* A client that asks for a large answer, and does not read it before it has a small one. */
#ifndef LARGE_H
#define LARGE_H

#include "client.h"

enum { LARGE = 1 << 20 };

static char large_answer[LARGE];

static inline void *ask_for_both(void *argument)
{
    struct client *client = argument;
    static char buffer[LARGE];
    tell(client->writer, "?");
    tell(client->peer, "?");
    client->answered = is_answered(client);
    for (long left = LARGE; left > 0;)
        left -= MUST(read(client->writer, buffer, (size_t)left));
    MUST(read(client->peer, buffer, 1));
    MUST(close(client->writer));
    MUST(close(client->peer));
    return NULL;
}

#endif
