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

/* The loop of a server that has a worker answer. It waits for RUN_MS, and starts the worker when the peer has
 * asked. Returns whether it has. */
static inline bool answer_in_worker(int epfd, int fd, pthread_t *worker, void *(*answer)(void *), void *argument)
{
    bool is_asked = false;
    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char request;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms < 100 ? ms : 100)) == 0)
            continue;
        MUST(read(fd, &request, 1));
        is_asked = true;
        if (pthread_create(worker, NULL, answer, argument) != 0)
            exit(1);
    }
    return is_asked;
}

/* After the server's end is closed. Returns how much did not arrive. */
static inline long lost_by(struct reader *reader, pthread_t thread)
{
    pthread_join(thread, NULL);
    MUST(close(reader->fd));
    return ANSWER - reader->received;
}

#endif
