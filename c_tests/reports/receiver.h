/* A client that begins to read late, when the server has filled the way to it, and reads until nothing has come for a
 * second. */
#ifndef RECEIVER_H
#define RECEIVER_H

#include "../misuse/loop.h"

#include <pthread.h>

struct receiver {
    int fd, late_ms;
    size_t received; /* the thread's, until it is joined */
};

static inline void *receive(void *argument)
{
    static char buffer[1 << 16];
    struct receiver *receiver = argument;
    struct timeval second = {.tv_sec = 1};
    MUST(setsockopt(receiver->fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)));
    sleep_until(in_ms(receiver->late_ms));
    for (ssize_t size; (size = read(receiver->fd, buffer, sizeof(buffer))) > 0;)
        receiver->received += (size_t)size;
    return NULL;
}

static inline pthread_t start_receiver(struct receiver *receiver)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, receive, receiver) != 0)
        exit(1);
    return thread;
}

/* Closes its end. Returns what has come. */
static inline size_t received_by(struct receiver *receiver, pthread_t thread)
{
    pthread_join(thread, NULL);
    MUST(close(receiver->fd));
    return receiver->received;
}

#endif
