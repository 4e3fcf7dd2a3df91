/* Four processes with an epoll each, in which all have the same listener. Each connection wakes all four,
 * and three find nothing.
 *
 * Right: with EPOLLEXCLUSIVE one is woken, seldom more.
 *
 * expect: herd
 * after: https://github.com/unbit/uwsgi/issues/115
 * shows: spins
 * exits: 0
 */
#include "workers.h"

#include <sys/mman.h>
#include <sys/wait.h>

enum { WORKERS = 4, CONNECTIONS = 400 };

/* Shared by all. */
struct counts {
    _Atomic long wakes, accepted;
};

static void work(int listener, struct counts *counts)
{
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
#ifdef RIGHT
    interest.events |= EPOLLEXCLUSIVE;
#endif
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest)); /* finding */
    while (counts->accepted < CONNECTIONS) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, 200)) == 0)
            continue;
        counts->wakes++;
        be_polite();
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd != -1) {
            counts->accepted++;
            serve(fd);
        }
    }
    MUST(close(epfd));
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(SOCK_NONBLOCK | SOCK_CLOEXEC, &address);
    struct counts *counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        exit(1);
    for (int i = 0; i < WORKERS; i++) {
        if (MUST(fork()) == 0) {
            work(listener, counts);
            _exit(0);
        }
    }
    if (MUST(fork()) == 0) {
        be_clients(&address, CONNECTIONS);
        _exit(0);
    }
    while (wait(NULL) > 0)
        ;
    MUST(close(listener));
    return report(counts->wakes > 2 * CONNECTIONS, "%ld wake-ups for %d connections", counts->wakes,
                  CONNECTIONS);
}
