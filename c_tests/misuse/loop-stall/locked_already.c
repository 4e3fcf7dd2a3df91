/* A handler calls a callback with the lock that it holds, and the callback takes the same lock, which is not recursive.
 * No other thread can give it back, and the loop never waits again.
 *
 * Right: the lock is given back before the callback is called.
 *
 * expect: loop-stall
 * after: https://github.com/libevent/libevent/issues/1799
 * shows: hangs
 */
#include "forever.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int answers;

static void answered(void)
{
    pthread_mutex_lock(&lock); /* finding */
    answers++;
    pthread_mutex_unlock(&lock);
}

static void handle(void (*callback)(void))
{
    pthread_mutex_lock(&lock);
#ifdef RIGHT
    pthread_mutex_unlock(&lock);
#endif
    callback();
#ifndef RIGHT
    pthread_mutex_unlock(&lock);
#endif
}

int main(void)
{
    int fds[2], peers[2], epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    for (int i = 0; i < 2; i++) {
        connect_pair(&fds[i], &peers[i]);
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = fds[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &interest));
        tell(peers[i], "x");
    }
    end_later("the loop waited for its own lock");

    while (answers < 2) {
        struct epoll_event event;
        char byte;
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
            continue;
        MUST(read(event.data.fd, &byte, 1));
        handle(answered);
    }

    for (int i = 0; i < 2; i++) {
        MUST(close(fds[i]));
        MUST(close(peers[i]));
    }
    MUST(close(epfd));
    return report(answers != 2, "answered %d clients", answers);
}
