/* A signal handler runs while its thread is in malloc, and makes the calls of signal-safety(7), and waits.
 * malloc is this program's: a thread that enters it meanwhile would wait for ever for its lock, or
 * spoil it. argv[1]: the log in which the handler waits for the finding, if there is one. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_bool is_locked;

static void enter(void)
{
    if (is_locked) {
        static const char text[] = "malloc was entered\n";
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
        _exit(9);
    }
}

void *malloc(size_t size) { return enter(), __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return enter(), __libc_calloc(count, size); }
void *realloc(void *block, size_t size) { return enter(), __libc_realloc(block, size); }
void *memalign(size_t align, size_t size) { return enter(), __libc_memalign(align, size); }
void *aligned_alloc(size_t align, size_t size) { return enter(), __libc_memalign(align, size); }
void free(void *block) { enter(), __libc_free(block); }

static int waited, epfd;
static const char *log_path;

/* What the handler does is to be seen by the checker, so each of it is of watched descriptors. */
static void handle(int number)
{
    struct epoll_event event = {.events = EPOLLIN}, out[2];
    struct stat log;
    char bytes[8] = {1};
    int fd = eventfd(0, EFD_NONBLOCK), status, waits = 0;
    pid_t child;
    (void)number;
    is_locked = true;
    CHECK_EQ(close(waited), 0); /* while a thread waits: suspected at once */
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
    CHECK_EQ(write(fd, bytes, 8), 8);
    CHECK_EQ(epoll_wait(epfd, out, 2, 0), 1);
    CHECK_EQ(read(fd, bytes, 8), 8);
    CHECK_EQ(read(fd, bytes, 8), -1);
    CHECK_EQ(close(dup(fd)), 0);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, 999, &event), -1); /* EBADF: what is found */
    child = _Fork();
    if (child == 0)
        _exit(epoll_wait(epfd, out, 2, 0) == 0 && close(fd) == 0 ? 0 : 1);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    do {
        CHECK(waits++ < 500);
        CHECK_EQ(epoll_wait(epfd, out, 2, 20), 0);
    } while (log_path != NULL && (stat(log_path, &log) != 0 || log.st_size == 0));
    CHECK_EQ(close(fd), 0);
    is_locked = false;
}

static atomic_bool is_waiting, is_over;

/* It ends only when the handler has: the end of a thread may free something. */
static void *wait_long(void *argument)
{
    struct epoll_event event;
    is_waiting = true;
    epoll_wait(waited, &event, 1, 300);
    while (!is_over)
        usleep(1000);
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    struct sigaction action = {.sa_handler = handle};
    struct epoll_event event = {.events = EPOLLIN};
    int fd = eventfd(0, EFD_NONBLOCK);
    alarm(60); /* what hangs fails */
    log_path = argc > 1 ? argv[1] : NULL;
    waited = epoll_create1(0);
    epfd = epoll_create1(0);
    CHECK_EQ(epoll_ctl(waited, EPOLL_CTL_ADD, fd, &event), 0);
    CHECK_EQ(pthread_create(&thread, NULL, wait_long, NULL), 0);
    while (!is_waiting)
        usleep(1000);
    usleep(20000); /* most likely it does wait by now; nothing depends on it */
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    is_over = true;
    CHECK_EQ(pthread_join(thread, NULL), 0);
    return 5;
}
