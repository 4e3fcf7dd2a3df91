/* pthread_cancel ends a thread that blocks in any of the calls that are cancellation points, and runs
 * its cleanup handlers (pthreads(7)); with a descriptor that an epoll watches, too. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static int epfd, ends[2], listener, full[2];

static void wait_forever(void)
{
    struct epoll_event event;
    epoll_wait(epfd, &event, 1, -1);
}

static void pwait_forever(void)
{
    struct epoll_event event;
    epoll_pwait(epfd, &event, 1, -1, NULL);
}

static void pwait2_forever(void)
{
    struct epoll_event event;
    epoll_pwait2(epfd, &event, 1, NULL, NULL);
}

static void read_forever(void)
{
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 1);
}

static void readv_forever(void)
{
    char byte;
    struct iovec part = {&byte, 1};
    CHECK_EQ(readv(ends[0], &part, 1), 1);
}

static void recv_forever(void)
{
    char byte;
    CHECK_EQ(recv(ends[0], &byte, 1, 0), 1);
}

static void recvmsg_forever(void)
{
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    CHECK_EQ(recvmsg(ends[0], &message, 0), 1);
}

static void accept_forever(void)
{
    CHECK_EQ(accept(listener, NULL, NULL), 1);
}

static void accept4_forever(void)
{
    CHECK_EQ(accept4(listener, NULL, NULL, 0), 1);
}

static void write_forever(void)
{
    CHECK_EQ(write(full[1], "x", 1), 1);
}

/* full[1] has no room, and is watched for it: what a cancelled thread waited for is known. */
static void poll_forever(void)
{
    struct pollfd entry = {.fd = full[1], .events = POLLOUT};
    poll(&entry, 1, -1);
}

static void ppoll_forever(void)
{
    struct pollfd entry = {.fd = full[1], .events = POLLOUT};
    ppoll(&entry, 1, NULL, NULL);
}

static void select_forever(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(full[1], &set);
    select(full[1] + 1, NULL, &set, NULL, NULL);
}

static void pselect_forever(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(full[1], &set);
    pselect(full[1] + 1, NULL, &set, NULL, NULL, NULL);
}

static void clean_up(void *count)
{
    ++*(int *)count;
}

struct blocked {
    void (*call)(void);
    int cleaned_up;
    _Atomic pid_t thread;
};

static void *run(void *argument)
{
    struct blocked *blocked = argument;
    pthread_cleanup_push(clean_up, &blocked->cleaned_up);
    blocked->thread = gettid();
    blocked->call();
    pthread_cleanup_pop(0);
    return NULL;
}

static int sleeps(pid_t thread)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
    FILE *stat = fopen(path, "r");
    CHECK(stat != NULL);
    CHECK(fgets(line, sizeof(line), stat) != NULL);
    fclose(stat);
    return strstr(line, ") S ") != NULL;
}

static void cancel(void (*call)(void), int at_once)
{
    struct blocked blocked = {.call = call};
    pthread_t thread;
    void *result;
    CHECK_EQ(pthread_create(&thread, NULL, run, &blocked), 0);
    if (!at_once)
        while (blocked.thread == 0 || !sleeps(blocked.thread))
            sched_yield();
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(blocked.cleaned_up || at_once);
}

int main(void)
{
    static void (*const calls[])(void) = {
        wait_forever, pwait_forever,   pwait2_forever, read_forever,    readv_forever,
        recv_forever, recvmsg_forever, accept_forever, accept4_forever, write_forever,
        poll_forever, ppoll_forever,  select_forever, pselect_forever};
    struct epoll_event event = {.events = EPOLLIN};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static char bytes[65536];
    epfd = epoll_create1(0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQ(pipe(full), 0);
    CHECK_EQ(write(full[1], bytes, sizeof(bytes)), sizeof(bytes));
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    CHECK_EQ(listen(listener, 1), 0);
    for (int is_watched = 0; is_watched < 2; is_watched++) {
        for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
            for (int round = 0; round < 10; round++)
                cancel(calls[i], round % 2);
        CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event), is_watched ? -1 : 0);
        epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &event);
        event.events = EPOLLOUT;
        epoll_ctl(epfd, EPOLL_CTL_ADD, full[1], &event);
        fcntl(full[1], F_SETFL, O_NONBLOCK); /* a write that finds no room */
        CHECK_EQ(write(full[1], "x", 1), -1);
        fcntl(full[1], F_SETFL, 0);
    }
    return 0;
}
