/*
 * A program that is short of something, and uses epoll all the same, which needs none of it. It writes what
 * each call returned. argv[1]: what it is short of; argv[2]: how much is left. "little": it is short of nothing, and does less.
 *
 * The mistakes in it are for the checker, whose tables and reports are to need memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST = 6000 };
static int fds[MOST];
static unsigned long results;
static char line[128];

/* No stdio: its buffers are memory. */
static void say(const char *what, long number)
{
    int size = snprintf(line, sizeof line, "%s %ld\n", what, number);
    if (write(STDOUT_FILENO, line, (size_t)size) != size)
        _exit(4);
}

static void got(long result)
{
    results = results * 31 + (unsigned long)(result < 0 ? -errno : result);
}

static long pages_in_use(void)
{
    char text[64] = "";
    int fd = open("/proc/self/statm", O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        _exit(3);
    close(fd);
    return atol(text);
}

static void limit(int resource, rlim_t most)
{
    struct rlimit limit = {most, most};
    if (setrlimit(resource, &limit) != 0)
        _exit(3);
}

static void use_up(size_t piece)
{
    while (mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
           MAP_FAILED)
        ;
}

static void be_short_of(const char *what, long left)
{
    if (strcmp(what, "nothing") == 0 || strcmp(what, "little") == 0)
        return;
    if (strcmp(what, "address-space") == 0) {
        limit(RLIMIT_AS, (rlim_t)(pages_in_use() * 4096 + left * 1024));
        use_up(1 << 16);
    } else if (strcmp(what, "data") == 0) {
        limit(RLIMIT_DATA, (rlim_t)(left * 1024));
    } else if (strcmp(what, "mappings") == 0) {
        /* Neighbours of different protection are mappings of their own. */
        size_t page = 4096, size = page * (1 << 18);
        char *all = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (all == MAP_FAILED)
            _exit(3);
        for (size_t at = 0; at < size && mprotect(all + at, page, PROT_READ) == 0; at += 2 * page)
            ;
        for (long i = 0; i < left; i++)
            munmap(all + (2 * (size_t)i + 1) * page, page);
    } else if (strcmp(what, "processes") == 0) {
        limit(RLIMIT_NPROC, 0);
    } else if (strcmp(what, "descriptors") == 0) {
        limit(RLIMIT_NOFILE, (rlim_t)left);
    } else {
        _exit(2);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "nothing";
    long left = argc > 2 ? atol(argv[2]) : 0;
    int most = strcmp(what, "descriptors") == 0 ? 8 : strcmp(what, "little") == 0 ? 600 : MOST;
    struct epoll_event event = {.events = EPOLLIN}, events[64];

    limit(RLIMIT_NOFILE, 8192);
    for (int i = 0; i < most; i++)
        fds[i] = eventfd(0, EFD_NONBLOCK);
    int epfd = epoll_create1(0);
    got(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[0], &event));
    got(epoll_wait(epfd, events, 64, 0));
    be_short_of(what, left);

    for (int i = 1; i < most; i++) {
        event.data.fd = fds[i];
        got(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &event));
        if (i % 16 == 0)
            got(epoll_wait(epfd, events, 64, 0));
        if (i % 500 == 0) {
            got(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &event)); /* EEXIST */
            got(epoll_ctl(epfd, EPOLL_CTL_MOD, 9000, &event));   /* EBADF */
        }
    }
    say("registered", (long)results);
    /* An edge that no thread takes, for the monitor thread. */
    event.events = EPOLLIN | EPOLLET;
    got(epoll_ctl(epfd, EPOLL_CTL_MOD, fds[1], &event));
    got(eventfd_write(fds[1], 1));
    for (int i = 0; i < 3; i++) {
        got(epoll_wait(epfd, events, 64, 10));
        int fd = dup(STDIN_FILENO);
        got(fd);
        got(close(fd));
    }
    say("waited", (long)results);
    for (int i = 0; i < most; i++)
        got(close(fds[i]));
    say("closed", (long)results);
    return 7;
}
