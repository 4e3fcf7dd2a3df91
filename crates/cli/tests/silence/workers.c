/* A server of four workers on one one-shot epoll, whose data is the descriptor's number, and clients that
 * connect, ask once and leave: each number is closed and used again at once. */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, CLIENTS = 8, CONNECTIONS = 1500 };

static int epfd, listener;
static atomic_int served;

static void *work(void *unused)
{
    struct epoll_event events[64];
    char buffer[4096];
    while (atomic_load(&served) < CLIENTS * CONNECTIONS) {
        int count = epoll_wait(epfd, events, 64, 100);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (read(fd, buffer, sizeof(buffer)) <= 0) {
                close(fd);
                atomic_fetch_add(&served, 1);
                continue;
            }
            CHECK_EQ(write(fd, "ok", 2), 2);
            struct epoll_event interest = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
            CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest), 0);
        }
    }
    return unused;
}

static void *accept_all(void *unused)
{
    for (int i = 0; i < CLIENTS * CONNECTIONS; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        CHECK(fd >= 0);
        struct epoll_event interest = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
        CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest), 0);
    }
    return unused;
}

/* In a process of its own, without an epoll. */
static void ask(const struct sockaddr_in *address)
{
    char answer[8];
    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_EQ(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
        CHECK_EQ(write(fd, "x", 1), 1);
        CHECK_EQ(read(fd, answer, sizeof(answer)), 2);
        close(fd);
    }
    _exit(0);
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(listener, (struct sockaddr *)&address, size), 0);
    CHECK_EQ(listen(listener, 512), 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    for (int i = 0; i < CLIENTS; i++)
        if (fork() == 0) {
            close(listener);
            ask(&address);
        }

    pthread_t threads[WORKERS + 1];
    epfd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, work, NULL), 0);
    CHECK_EQ(pthread_create(&threads[WORKERS], NULL, accept_all, NULL), 0);
    for (int i = 0; i <= WORKERS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    for (int i = 0, status; i < CLIENTS; i++) {
        CHECK(wait(&status) > 0);
        CHECK_EQ(status, 0);
    }
    printf("served %d\n", atomic_load(&served));
    return 0;
}
