/* A handler that takes a lock which another thread holds for long. The other client waits for as long.
 *
 * Right: the lock is tried, and the request kept until it is free.
 *
 * expect: loop-stall
 * shows: blocks
 */
#include "handlers.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t held;

static void *hold(void *unused)
{
    pthread_mutex_lock(&lock);
    pthread_barrier_wait(&held);
    sleep_until(in_ms(LONG_MS));
    pthread_mutex_unlock(&lock);
    return unused;
}

int main(void)
{
    int fds[2], peers[2], epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    pthread_t holder;
    int64_t second = 0;
    bool is_kept = false;
    connect_two(epfd, fds, peers);
    pthread_barrier_init(&held, NULL, 2);
    if (pthread_create(&holder, NULL, hold, NULL) != 0)
        exit(1);
    pthread_barrier_wait(&held);
    int64_t start = now_ns();

    for (int left = 2; left > 0;) {
        struct epoll_event event;
        char byte;
        bool is_first = is_kept;
        if (DELIVERED(epoll_wait(epfd, &event, 1, is_kept ? 50 : -1)) > 0) {
            MUST(read(event.data.fd, &byte, 1));
            is_first = event.data.fd == fds[0];
            if (!is_first) {
                second = now_ns();
                left--;
            }
        }
        if (is_first) {
#ifndef RIGHT
            pthread_mutex_lock(&lock); /* finding */
            is_kept = false;
#else
            is_kept = pthread_mutex_trylock(&lock) != 0;
#endif
            if (!is_kept) {
                pthread_mutex_unlock(&lock);
                left--;
            }
        }
    }

    int waited = (int)((second - start) / 1000000);
    if (pthread_join(holder, NULL) != 0)
        exit(1);
    close_two(epfd, fds, peers);
    return report(waited > LONG_MS / 2, "the second client waited for %d ms", waited);
}
