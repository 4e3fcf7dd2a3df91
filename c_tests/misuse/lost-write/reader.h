/* A peer that asks for much and takes its time to read it. */
#ifndef READER_H
#define READER_H

#include "../loop.h"

#include <pthread.h>

enum { ANSWER = 1 << 20, RUN_MS = 2500 };

struct reader {
    int fd;
    int late_ms;   /* it reads so long after it has asked */
    long received; /* the thread's, until it is joined */
};

static inline void *ask_and_read_late(void *argument)
{
    struct reader *reader = argument;
    char buffer[65536];
    ssize_t size;
    tell(reader->fd, "?");
    sleep_until(in_ms(reader->late_ms));
    while (reader->received < ANSWER && (size = read(reader->fd, buffer, sizeof(buffer))) > 0)
        reader->received += size;
    return NULL;
}

static inline pthread_t start_reader(struct reader *reader)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, ask_and_read_late, reader) != 0)
        exit(1);
    return thread;
}

/* After the server's end is closed. Returns how much did not arrive. */
static inline long lost_by(struct reader *reader, pthread_t thread)
{
    pthread_join(thread, NULL);
    MUST(close(reader->fd));
    return ANSWER - reader->received;
}

#endif
