/* Makes the epoll, then forks a worker; both register the shared listener with a key of their own.
 * The worker finds it registered already and modifies it: from now on the parent's deliveries carry
 * the worker's key.
 *
 * Right: the worker makes an epoll of its own after the fork; only the listener is shared, which is
 * what it is for. EPOLLEXCLUSIVE spares the others a wake-up for each client.
 *
 * expect: fork-shared
 * after: https://github.com/benoitc/gunicorn/pull/654
 * shows: error
 */
#include "child.h"

enum { PARENTS_KEY = 1, WORKERS_KEY = 2, CLIENTS = 3 };

#ifndef RIGHT
static void watch(int epfd, int fd, uint32_t key)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.u32 = key};
    if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == -1)
        MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
}
#else
static void watch(int epfd, int fd, uint32_t key)
{
    struct epoll_event interest = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.u32 = key};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
}
#endif

int main(void)
{
    struct sockaddr_in address;
    struct child worker;
    int clients[CLIENTS], wrong = 0, accepted = 0;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    watch(epfd, listener, PARENTS_KEY);
    if (start_child(&worker) == 0) {
#ifdef RIGHT
        MUST(close(epfd));
        epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
#endif
        watch(epfd, listener, WORKERS_KEY);
        ready_then_wait(&worker);
        _exit(0);
    }
    wait_until_ready(&worker);
    /* The parent goes on with its own affairs: the other end of what the worker waits for. */
    struct epoll_event gone = {.events = 0, .data.u32 = PARENTS_KEY};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, worker.is_ready, &gone)); /* finding */

    for (int i = 0; i < CLIENTS; i++) {
        struct epoll_event event;
        clients[i] = connect_to(&address);
        if (DELIVERED(epoll_wait(epfd, &event, 1, 500)) == 0)
            continue;
        wrong += event.data.u32 != PARENTS_KEY;
        MUST(close(MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC))));
        accepted++;
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, worker.is_ready, NULL));
    end_child(&worker);
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    MUST(close(listener));
    MUST(close(epfd));
    for (int i = 0; i < CLIENTS; i++)
        MUST(close(clients[i]));
    return report(wrong > 0, "accepted %d of %d, deliveries with the worker's key: %d", accepted,
                  CLIENTS, wrong);
}
