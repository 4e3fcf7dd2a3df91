/* Two threads that wait on one epoll for messages of one stream. */
#ifndef TEAM_H
#define TEAM_H

#include "../loop.h"

#include <pthread.h>

enum { THREADS = 2 };

#ifndef RIGHT
enum { INTEREST = EPOLLIN };
#else
enum { INTEREST = EPOLLIN | EPOLLONESHOT };
#endif

static int epfd, stream;
static _Atomic bool is_over;

/* It is done with what it has read. */
static inline void done(void)
{
#ifdef RIGHT
    struct epoll_event interest = {.events = INTEREST, .data.fd = stream};
    MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, stream, &interest));
#endif
}

/* What a message takes to be worked on. */
static inline void work(void)
{
    sleep_until(in_ms(2));
}

static inline void run_team(void *(*serve)(void *), void (*be_peer)(int peer))
{
    int peer;
    pthread_t threads[THREADS];
    epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&stream, &peer);
    struct epoll_event interest = {.events = INTEREST, .data.fd = stream};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, stream, &interest));
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, serve, NULL) != 0)
            exit(1);
    be_peer(peer);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, stream, NULL));
    MUST(close(stream));
    MUST(close(peer));
    MUST(close(epfd));
}

#endif
