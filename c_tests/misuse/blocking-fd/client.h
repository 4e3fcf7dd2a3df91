/* A client that keeps the server waiting on one descriptor, and asks for an answer on another. */
#ifndef CLIENT_H
#define CLIENT_H

#include "../loop.h"

#include <poll.h>
#include <pthread.h>

struct client {
    int writer, peer;
    int patience_ms;
    bool answered; /* in time; the thread's, until it is joined */
};

static inline pthread_t start_client(void *(*run)(void *), struct client *client)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, client) != 0)
        exit(1);
    return thread;
}

/* Whether there is something to read before the client loses patience. */
static inline bool is_answered(const struct client *client)
{
    struct pollfd answer = {.fd = client->peer, .events = POLLIN};
    return MUST(poll(&answer, 1, client->patience_ms)) == 1;
}

/* Writes to one, asks on the other, and goes on with the first after the answer, or without it. */
static inline void *write_then_ask(void *argument)
{
    struct client *client = argument;
    char buffer[64];
    MUST(write(client->writer, "input", 5));
    tell(client->peer, "question");
    client->answered = is_answered(client);
    MUST(write(client->writer, "more", 4));
    MUST(close(client->writer));
    MUST(read(client->peer, buffer, sizeof(buffer)));
    MUST(close(client->peer));
    return NULL;
}

#endif
