/* Workers that were forked wait for one listener, each with an epoll of its own. A connection wakes all of them,
 * one accepts it, and the others find nothing: EAGAIN.
 *
 * Right: the listener is added with EPOLLEXCLUSIVE.
 *
 * expect: herd
 * exits: 0
 * after: https://github.com/gevent/gevent/issues/1536
 * shows: spins
 */
#include "../misuse/loop.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { WORKERS = 4, CONNECTIONS = 300 };

struct counts {
    long accepted, in_vain;
};

static volatile sig_atomic_t is_over;

static void end_work(int signal)
{
    (void)signal;
    is_over = 1;
}

static void work(int listener, struct counts *counts)
{
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
#ifndef RIGHT
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = listener};
#else
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listener};
#endif
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest)); /* finding */
    while (!is_over) {
        if (DELIVERED(epoll_wait(epfd, &event, 1, 50)) == 0)
            continue;
        /* The greenlets that are ready come first. */
        sleep_until(now_ns() + 1000000);
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd == -1) {
            counts->in_vain++;
            continue;
        }
        counts->accepted++;
        MUST(close(fd));
    }
    MUST(close(epfd));
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    pid_t workers[WORKERS];
    struct counts *counts = mmap(NULL, sizeof(*counts) * WORKERS, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        exit(1);
    signal(SIGTERM, end_work);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = MUST(fork());
        if (workers[i] == 0) {
            work(listener, &counts[i]);
            exit(0);
        }
    }
    sleep_until(in_ms(200));
    for (int i = 0; i < CONNECTIONS; i++) {
        char nothing;
        int fd = connect_to(&address);
        MUST(read(fd, &nothing, 1));
        MUST(close(fd));
        sleep_until(in_ms(5));
    }
    long accepted = 0, in_vain = 0;
    for (int i = 0; i < WORKERS; i++) {
        MUST(kill(workers[i], SIGTERM));
        MUST(waitpid(workers[i], NULL, 0));
        accepted += counts[i].accepted;
        in_vain += counts[i].in_vain;
    }
    MUST(close(listener));
    return report(accepted != CONNECTIONS || in_vain > CONNECTIONS, "accepted: %ld, in vain: %ld", accepted, in_vain);
}
