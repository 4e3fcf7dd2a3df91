/* The thread that does the I/O of all sockets resolves the name of a new connection, and the name server is silent:
 * until the resolver gives up, nothing is sent or received on any socket.
 *
 * Right: a thread of its own resolves the name, and wakes the loop.
 *
 * expect: loop-stall
 * after: https://github.com/zeromq/libzmq/issues/3243
 * shows: blocks
 */
#include "../misuse/loop.h"

#include <arpa/nameser.h>
#include <pthread.h>
#include <resolv.h>
#include <sys/eventfd.h>

/* The name server is a socket that nobody reads. */
static struct sockaddr_in name_server;
static int resolved;

static void *resolve(void *unused)
{
    static unsigned char answer[512];
    struct __res_state resolver = {0};
    if (res_ninit(&resolver) != 0)
        exit(1);
    resolver.nscount = 1;
    resolver.nsaddr_list[0] = name_server;
    resolver.retrans = 2;
    resolver.retry = 1;
    res_nquery(&resolver, "backup.example", ns_c_in, ns_t_a, answer, sizeof(answer)); /* finding */
    res_nclose(&resolver);
    MUST(eventfd_write(resolved, 1));
    return unused;
}

int main(void)
{
    int fd, peer, command, commander, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int silent = bind_to_loopback(SOCK_DGRAM, &name_server);
    int64_t sent = 0, received = 0;
    bool is_resolved = false;
    resolved = MUST(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    connect_pair(&fd, &peer);
    connect_pair(&command, &commander);
    int all[] = {fd, command, resolved};
    for (int i = 0; i < 3; i++) {
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = all[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, all[i], &interest));
    }
    tell(commander, "connect tcp://backup.example:4321");

    int64_t end = in_ms(8000);
    for (int ms; (received == 0 || !is_resolved) && (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        eventfd_t count;
        char message[64];
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        if (event.data.fd == resolved) {
            MUST(eventfd_read(resolved, &count));
            is_resolved = true;
            continue;
        }
        MUST(read(event.data.fd, message, sizeof(message)));
        if (event.data.fd == fd) {
            received = now_ns();
            continue;
        }
        tell(peer, "a message of another connection");
        sent = now_ns();
#ifndef RIGHT
        resolve(NULL);
#else
        pthread_t thread;
        if (pthread_create(&thread, NULL, resolve, NULL) != 0 || pthread_detach(thread) != 0)
            exit(1);
#endif
    }

    for (int i = 0; i < 3; i++)
        MUST(close(all[i]));
    MUST(close(peer));
    MUST(close(commander));
    MUST(close(silent));
    MUST(close(epfd));
    int waited = (int)((received - sent) / 1000000);
    return report(waited > 800 || !is_resolved, "the message waited for %d ms", waited);
}
