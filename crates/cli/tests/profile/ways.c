// A server of echoes, right or with a mistake that a profile is to find. It says where it listens, serves the given
// number of connections until they end, and says what it has read and written.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHECK(it)                                                  \
    do {                                                           \
        if (!(it)) {                                               \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, \
                    #it, strerror(errno));                         \
            _exit(1);                                              \
        }                                                          \
    } while (0)

enum { THREADS = 4 };

static const char *way;
static int listener, loops[THREADS], threads = 1;
static atomic_int left;
static atomic_long bytes_in, bytes_out, messages;

static int is(const char *name) { return strcmp(way, name) == 0; }

static void watch(int epoll, int op, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    CHECK(epoll_ctl(epoll, op, fd, &event) == 0);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// Computes for this long.
static void work(uint64_t nanos) {
    for (uint64_t begin = now(); now() - begin < nanos;) {
    }
}

static void accept_all(int epoll) {
    int fd;
    // So that the others are woken before it is accepted.
    if (is("herd")) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        // The mistake of "second": the second thread gets everything.
        watch(is("second") ? loops[1] : epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
        if (is("herd")) return;
    }
    CHECK(errno == EAGAIN);
}

// More than the peer reads at once: the rest when there is room.
static void flood(int epoll, int fd) {
    static size_t rest = 8 << 20;
    static char bytes[64 << 10];
    while (rest > 0) {
        ssize_t sent = write(fd, bytes, rest < sizeof bytes ? rest : sizeof bytes);
        if (sent < 0) {
            CHECK(errno == EAGAIN);
            watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
            return;
        }
        rest -= (size_t)sent;
        bytes_out += sent;
    }
    watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN);
    CHECK(shutdown(fd, SHUT_WR) == 0);
}

static void serve(int epoll, int fd, uint32_t events) {
    char bytes[4096];
    if (events & EPOLLOUT) {
        flood(epoll, fd);
        return;
    }
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got < 0) {
        CHECK(errno == EAGAIN || errno == ECONNRESET);
        if (errno == EAGAIN) return;
        got = 0;
    }
    if (got == 0) {
        close(fd);
        if (--left == 0) {
            printf("in %ld out %ld\n", bytes_in, bytes_out);
            fflush(stdout);
            exit(0);
        }
        return;
    }
    bytes_in += got;
    long message = ++messages;
    if (is("sleep") && message % 100 == 0) {
        uint64_t begin = now();
        nanosleep(&(struct timespec){.tv_nsec = 150000000}, NULL);
        printf("slept %llu\n", (unsigned long long)(now() - begin));
    }
    if (is("second") || is("even")) work(300000);
    if (is("hang") && message == 20) {
        puts("hangs");
        fflush(stdout);
        for (;;) pause();
    }
    if (is("slow")) {
        flood(epoll, fd);
        return;
    }
    CHECK(write(fd, bytes, (size_t)got) == got);
    bytes_out += got;
    // The mistake of "mod": the same is asked for again.
    if (is("mod")) watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN);
}

static void *run(void *argument) {
    int epoll = *(int *)argument;
    struct epoll_event events[64];
    for (;;) {
        int count = epoll_wait(epoll, events, 64, is("spin") ? 0 : -1);
        if (count < 0) {
            CHECK(errno == EINTR);
            continue;
        }
        for (int place = 0; place < count; place++) {
            int fd = events[place].data.fd;
            if (fd == listener) {
                accept_all(epoll);
            } else {
                serve(epoll, fd, events[place].events);
            }
        }
    }
    return NULL;
}

int main(int count, char **arguments) {
    CHECK(count == 3);
    way = arguments[1];
    left = atoi(arguments[2]);
    threads = is("herd") ? THREADS : is("second") ? 2 : 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0);
    CHECK(listen(listener, 128) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    for (int place = 0; place < threads; place++) {
        CHECK((loops[place] = epoll_create1(0)) >= 0);
        // The mistake of "herd": each thread is woken for each connection.
        if (place == 0 || is("herd")) watch(loops[place], EPOLL_CTL_ADD, listener, EPOLLIN);
    }
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int place = 1; place < threads; place++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, run, &loops[place]) == 0);
    }
    run(&loops[0]);
}
