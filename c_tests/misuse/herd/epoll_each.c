/* Four threads with an epoll each, in which all have the same listener. Each connection wakes all four, and
 * three find nothing.
 *
 * Right: a listener for each, with SO_REUSEPORT: the kernel gives each connection to one.
 *
 * expect: herd
 * after: https://github.com/gevent/gevent/issues/1536
 * shows: spins
 */
#include "workers.h"

#include <pthread.h>

enum { WORKERS = 4, CONNECTIONS = 400 };

static struct sockaddr_in address;
static _Atomic long wakes, accepted;

#ifndef RIGHT

static int listener;

static int listener_of(int worker)
{
    if (worker == 0)
        listener = listen_on_loopback(SOCK_NONBLOCK | SOCK_CLOEXEC, &address);
    return listener;
}

#else

static int listener_of(int worker)
{
    int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), on = 1;
    socklen_t size = sizeof(address);
    MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)));
    if (worker == 0)
        address = (struct sockaddr_in){.sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    MUST(bind(fd, (struct sockaddr *)&address, size));
    MUST(getsockname(fd, (struct sockaddr *)&address, &size));
    MUST(listen(fd, 16));
    return fd;
}

#endif

static void *work(void *argument)
{
    int fd = *(int *)argument, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest)); /* finding */
    while (accepted < CONNECTIONS) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, 200)) == 0)
            continue;
        wakes++;
        be_polite();
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection != -1) {
            accepted++;
            serve(connection);
        }
    }
    MUST(close(epfd));
    return NULL;
}

int main(void)
{
    int listeners[WORKERS];
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        listeners[i] = listener_of(i);
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, work, &listeners[i]) != 0)
            exit(1);
    be_clients(&address, CONNECTIONS);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WORKERS; i++)
        if (i == 0 || listeners[i] != listeners[0])
            MUST(close(listeners[i]));
    return report(wakes > 2 * CONNECTIONS, "%ld wake-ups for %d connections", wakes, CONNECTIONS);
}
