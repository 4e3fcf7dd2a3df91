/* Two threads wait for one listener that blocks. Both are woken for one connection; one of them
 * accepts it, and the other sleeps in accept, until some day another client comes.
 *
 * Right: the listener does not block: the thread that comes too late meets EAGAIN, and goes on.
 *
 * expect: blocking-fd
 * shows: blocks
 */
#include "client.h"

#include <stdatomic.h>

enum { THREADS = 2 };
#ifndef RIGHT
enum { LISTENER_FLAGS = 0 };
#else
enum { LISTENER_FLAGS = SOCK_NONBLOCK };
#endif

static int epfd, listener;
static atomic_int done;
static pthread_barrier_t woken;

static void *serve(void *unused)
{
    struct epoll_event event;
    while (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
        ;
    /* Neither is quicker than the other. */
    pthread_barrier_wait(&woken);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC); /* finding */
    if (fd >= 0) {
        MUST(send(fd, "hello", 5, MSG_NOSIGNAL));
        MUST(close(fd));
    }
    atomic_fetch_add(&done, 1);
    return unused;
}

int main(void)
{
    struct sockaddr_in address;
    struct client client = {.patience_ms = 5000};
    pthread_t threads[THREADS];
    listener = listen_on_loopback(LISTENER_FLAGS, &address);
    epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    pthread_barrier_init(&woken, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, serve, NULL) != 0)
            exit(1);

    client.peer = connect_to(&address);
    client.answered = is_answered(&client);
    int64_t end = in_ms(IS_MISUSE ? 1000 : 5000);
    while (atomic_load(&done) < THREADS && ms_until(end) > 0)
        sleep_until(in_ms(10));
    int stuck = THREADS - atomic_load(&done);
    for (int i = 0; stuck == 0 && i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return report(stuck > 0 || !client.answered, "served: %d, asleep in accept: %d", client.answered,
                  stuck);
}
