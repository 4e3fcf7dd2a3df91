/* How much of a stack the calls take, each in a handler on an alternate stack of its own that was
 * painted before: prints a line for each, with the bytes below the handler's frame. */
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK = 256 << 10, PAINT = 0xa5 };

static int epfd, fd, other, copy;
static char *handler_frame;
static struct epoll_event event = {.events = EPOLLIN};

static void create(void) { other = epoll_create1(EPOLL_CLOEXEC); }
static void add(void) { epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event); }
static void add_again(void) { epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event); }
static void modify(void) { epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event); }
static void wait_for_nothing(void) { epoll_wait(epfd, &event, 1, 0); }
static void duplicate(void) { copy = dup(fd); }
static void write_it(void) { eventfd_write(fd, 1); }
static void wait_for_it(void) { epoll_wait(epfd, &event, 1, 0); }
static void read_it(void)
{
    eventfd_t value;
    eventfd_read(fd, &value);
}
static void delete(void) { epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL); }
static void delete_again(void) { epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL); }
static void close_it(void) { close(fd); }
static void close_epoll(void) { close(epfd); }
static void nothing(void) { getppid(); }

static const struct {
    const char *name;
    void (*make)(void);
} calls[] = {
    {"getppid", nothing},
    {"epoll_create1", create},
    {"ADD", add},
    {"ADD_that_fails", add_again},
    {"MOD", modify},
    {"epoll_wait", wait_for_nothing},
    {"dup", duplicate},
    {"write", write_it},
    {"epoll_wait_delivers", wait_for_it},
    {"read", read_it},
    {"DEL", delete},
    {"DEL_that_fails", delete_again},
    {"ADD_in_the_end", add},
    {"close", close_it},
    {"close_epoll", close_epoll},
};

static void (*make)(void);

static void on_signal(int number)
{
    (void)number;
    handler_frame = __builtin_frame_address(0);
    make();
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    char *memory = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    stack_t alternate = {.ss_sp = memory, .ss_size = STACK};
    CHECK_EQ(sigaltstack(&alternate, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    epfd = epoll_create1(EPOLL_CLOEXEC);
    fd = eventfd(0, EFD_CLOEXEC);
    CHECK(epfd >= 0 && fd >= 0);
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        memset(memory, PAINT, STACK);
        make = calls[i].make;
        CHECK_EQ(raise(SIGUSR1), 0);
        size_t left = 0;
        while (left < STACK && (unsigned char)memory[left] == PAINT)
            left++;
        printf("%s %zu\n", calls[i].name, (size_t)(handler_frame - (memory + left)));
    }
    return 0;
}
