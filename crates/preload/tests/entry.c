/*
 * What the hooks report: each is called as the program would call it, and what it reports is compared.
 * Linked with the hooks themselves and with an entry of its own; exports nothing.
 */
#include "chaos.h"

#include "check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Fixed numbers, all but the last watched. */
enum { LEFT = 20, RIGHT, EVENT, LISTENER, PIPE_OUT, PIPE_IN, EPOLL, OTHER };

static char reported[4096];

__attribute__((format(printf, 1, 2))) static void report(const char *format, ...)
{
    size_t length = strlen(reported);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reported + length, sizeof(reported) - length, format, arguments);
    va_end(arguments);
    errno = 999; /* the entry restores errno; the hooks must not count on more than that */
}

static const char *const kinds[] = {"read",  "message", "messages", "accept",
                                    "write", "peek",    "beside",   "control"};

/* Keeps errno, as the entry of the library does. */
#define REPORT(...)                                                                                \
    do {                                                                                           \
        int saved_ = errno;                                                                        \
        report(__VA_ARGS__);                                                                       \
        errno = saved_;                                                                            \
    } while (0)

void on_start(const char *options)
{
    (void)options;
    atomic_store(&epshim_checking, true);
    atomic_store(&epshim_sigpipe_is_harmless, true);
}

void on_epoll_created(int epfd, int flags, const void *site)
{
    CHECK(site != NULL);
    REPORT("created %s %d; ", epfd >= 0 ? "epoll" : "nothing", flags);
}

uint64_t on_epoll_ctl_begin(int epfd, int op, int fd)
{
    REPORT("begin %d %d %d; ", epfd, op, fd);
    return 77;
}

void on_epoll_ctl(int epfd, int op, int fd, const struct epoll_event *event, int error, uint64_t begun,
                  const void *site)
{
    (void)event;
    CHECK(site != NULL && begun == 77);
    REPORT("ctl %d %d %d error %d; ", epfd, op, fd, error);
}

void on_wait_begin(int epfd, int maxevents, int64_t timeout, const void *site)
{
    CHECK(site != NULL);
    REPORT("wait %d %d %lld; ", epfd, maxevents, (long long)timeout);
}

void on_wait_end(int epfd, const struct epoll_event *events, int count, int error)
{
    (void)events;
    REPORT("waited %d %d error %d; ", epfd, count, error);
}

void on_room_awaited(int fd, uintptr_t wait)
{
    CHECK(wait != 0);
    REPORT("room %d; ", fd);
}

void on_room_wait_ended(uintptr_t wait)
{
    CHECK(wait != 0);
    REPORT("waited; ");
}

void on_input_polled(int fd)
{
    REPORT("input %d; ", fd);
}

void on_unguarded_write(int fd, const void *site)
{
    CHECK(site != NULL);
    REPORT("unguarded %d; ", fd);
}

void on_io_begin(int fd, enum io_kind kind, bool dontwait, const void *site)
{
    CHECK(site != NULL);
    REPORT("%s %d%s; ", kinds[kind], fd, dontwait ? " dontwait" : "");
}

void on_io_end(int fd, enum io_kind kind, size_t asked, ssize_t got, int error,
                   const void *site)
{
    CHECK(site != NULL);
    REPORT("%s %d asked %zu got %zd error %d; ", kinds[kind], fd, asked, got, error);
}

void on_opened(int fd, const void *site)
{
    CHECK(site != NULL && fd >= 0);
    REPORT("opened%s; ", fd == LISTENER ? " what was there" : "");
}

void on_connected(int fd, int error, const void *site)
{
    CHECK(site != NULL && fd >= 0);
    REPORT("connected error %d; ", error);
}

void on_error_taken(int fd, const void *site)
{
    CHECK(site != NULL);
    REPORT("error of %d; ", fd);
}

void on_closing_any(unsigned first, unsigned last)
{
    REPORT("gone %u to %u; ", first, last);
}

void on_closing(int fd, const void *site)
{
    CHECK(site != NULL);
    REPORT("closing %d; ", fd);
}

void on_duplicated(int from, int to, const void *site)
{
    CHECK(site != NULL);
    REPORT("duplicated %d%s; ", from, to >= 0 ? "" : " to nothing");
}

void on_flags_changed(int fd)
{
    REPORT("flags %d; ", fd);
}

void on_shut_down(int fd)
{
    REPORT("shut down %d; ", fd);
}

/* Chaos is off: that none of these is called shows that it costs a branch. */
static void never(const char *name)
{
    REPORT("%s; ", name);
}

void on_chaos_input(struct chaos *chaos, int fd, int flags, const void *site)
{
    (void)chaos, (void)fd, (void)flags, (void)site;
    never("chaos input");
}

void on_chaos_output(struct chaos *chaos, int fd, int flags, const void *site)
{
    (void)chaos, (void)fd, (void)flags, (void)site;
    never("chaos output");
}

void on_chaos_moved(const struct chaos *chaos, int fd, bool is_output, ssize_t got, const void *site)
{
    (void)chaos, (void)fd, (void)is_output, (void)got, (void)site;
    never("chaos moved");
}

void on_chaos_accept(struct chaos *chaos, int fd, const void *site)
{
    (void)chaos, (void)fd, (void)site;
    never("chaos accept");
}

void on_chaos_accepted(const struct chaos *chaos, int fd, int got, const void *site)
{
    (void)chaos, (void)fd, (void)got, (void)site;
    never("chaos accepted");
}

void on_chaos_wait(struct chaos *chaos, int epfd, int64_t timeout, const void *site)
{
    (void)chaos, (void)epfd, (void)timeout, (void)site;
    never("chaos wait");
}

int on_chaos_waited(const struct chaos *chaos, int epfd, struct epoll_event *events, int count,
                    const void *site)
{
    (void)chaos, (void)epfd, (void)events, (void)count, (void)site;
    never("chaos waited");
    return count;
}

bool on_chaos_ctl(int epfd, int op, int fd, struct epoll_event *event, const void *site, int *result)
{
    (void)epfd, (void)op, (void)fd, (void)event, (void)site, (void)result;
    never("chaos ctl");
    return false;
}

void on_chaos_connect(struct chaos *chaos, int fd, const void *site)
{
    (void)chaos, (void)fd, (void)site;
    never("chaos connect");
}

bool on_chaos_connected(const struct chaos *chaos, int fd, int error)
{
    (void)chaos, (void)fd, (void)error;
    never("chaos connected");
    return false;
}

void on_chaos_counted(int fd)
{
    (void)fd;
    never("chaos counted");
}

void on_unseen(long number)
{
    REPORT("unseen %ld; ", number);
}

void on_sandbox_begin(const void *site, bool is_earnest)
{
    (void)site;
    REPORT(is_earnest ? "enters; " : "asks; ");
}

void on_sandbox_end(bool has_entered)
{
    REPORT(has_entered ? "entered; " : "not entered; ");
}

void on_written(int fd)
{
    REPORT("written %d; ", fd);
}

void on_alone_begin(void)
{
    REPORT("alone; ");
}

void on_alone_end(void)
{
    REPORT("not alone; ");
}

void on_fork_begin(void)
{
    REPORT("fork begins; ");
}

void on_fork_parent(void)
{
    REPORT("fork ended; ");
}

void on_fork_child(void)
{
    REPORT("forked; ");
}

bool on_exec_begin(void)
{
    REPORT("executes; ");
    return true;
}

void on_spawned(void)
{
    REPORT("spawns; ");
}

void on_exec_failed(void)
{
    REPORT("executes not; ");
}

void on_clones_awaited(void)
{
    REPORT("every child; ");
}

void on_clones_waited_for(void)
{
    REPORT("waited; ");
}

int on_end(void)
{
    REPORT("end; ");
    return -1;
}

int on_leaving(void)
{
    return 44;
}

/* The call returns result, and the hook reports exactly this. */
#define REPORTS(call, result, expected)                                                            \
    do {                                                                                           \
        reported[0] = 0;                                                                           \
        CHECK_EQ(call, result);                                                                    \
        if (strcmp(reported, expected) != 0) {                                                     \
            fprintf(stderr, "%s:%d: %s\nreported: %s\nexpected: %s\n", __FILE__, __LINE__,         \
                    #call, reported, expected);                                                    \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static void watch(int fd)
{
    unsigned end = (unsigned)fd + 1;
    if (atomic_load(&epshim_watched_end) < end)
        atomic_store(&epshim_watched_end, end);
    atomic_fetch_or(&epshim_watched[(size_t)fd / WORD_BITS], 1UL << ((size_t)fd % WORD_BITS));
}

/* Moves a descriptor to its number, and watches it. */
static void put(int fd, int number)
{
    CHECK_EQ(dup3(fd, number, O_CLOEXEC), number);
    close(fd);
    watch(number);
}

static void set_up(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    put(ends[0], LEFT);
    put(ends[1], RIGHT);
    CHECK_EQ(pipe2(ends, O_NONBLOCK), 0);
    put(ends[0], PIPE_OUT);
    put(ends[1], PIPE_IN);
    put(eventfd(0, EFD_NONBLOCK), EVENT);
    put(epoll_create1(0), EPOLL);
    put(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), LISTENER);
    CHECK_EQ(bind(LISTENER, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    CHECK_EQ(listen(LISTENER, 1), 0);
    CHECK_EQ(dup2(LEFT, OTHER), OTHER);
}

static void test_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct timespec brief = {0, 1500}, *unreadable = (struct timespec *)8;
    close(hook_epoll_create1(0));
    REPORTS(hook_epoll_create1(1), -1, "");
    REPORTS(close(hook_epoll_create1(EPOLL_CLOEXEC)), 0, "created epoll 524288; ");
    REPORTS(close((int)hook_syscall(SYS_epoll_create1, 0, 0, 0, 0, 0, 0)), 0, "created epoll 0; ");
    REPORTS(hook_epoll_ctl(EPOLL, EPOLL_CTL_ADD, EVENT, &event), 0, "begin 26 1 22; ctl 26 1 22 error 0; ");
    REPORTS(hook_epoll_ctl(EPOLL, EPOLL_CTL_ADD, EVENT, &event), -1, "begin 26 1 22; ctl 26 1 22 error 17; ");
    REPORTS(hook_syscall(SYS_epoll_ctl, EPOLL, EPOLL_CTL_DEL, EVENT, 0, 0, 0), 0,
         "begin 26 2 22; ctl 26 2 22 error 0; ");
    REPORTS(hook_epoll_wait(EPOLL, &event, 1, 0), 0, "wait 26 1 0; waited 26 0 error 0; ");
    REPORTS(hook_epoll_wait(EPOLL, &event, 0, -1), -1, "wait 26 0 -1; waited 26 -1 error 22; ");
    REPORTS(hook_epoll_pwait(EPOLL, &event, 3, 1, NULL), 0,
         "wait 26 3 1000000; waited 26 0 error 0; ");
    REPORTS(hook_epoll_pwait2(EPOLL, &event, 3, &brief, NULL), 0,
         "wait 26 3 1500; waited 26 0 error 0; ");
    REPORTS(hook_epoll_pwait2(EPOLL, &event, 3, unreadable, NULL), -1,
         "wait 26 3 -1; waited 26 -1 error 14; ");
    REPORTS(hook_syscall(SYS_epoll_pwait2, EPOLL, (long)&event, 3, (long)&brief, 0, 8), 0,
         "wait 26 3 1500; waited 26 0 error 0; ");
}

static void test_io(void)
{
    char bytes[16];
    struct iovec parts[2] = {{bytes, 3}, {bytes + 3, 5}};
    eventfd_t value;
    REPORTS(hook_write(LEFT, "hello", 5), 5, "write 20; write 20 asked 5 got 5 error 0; ");
    REPORTS(hook_write(OTHER, "hello", 5), 5, "");
    REPORTS(hook_read(RIGHT, bytes, 6), 6, "read 21; read 21 asked 6 got 6 error 0; ");
    REPORTS(hook_readv(RIGHT, parts, 2), 4, "read 21; read 21 asked 8 got 4 error 0; ");
    REPORTS(hook_readv(RIGHT, parts, 2), -1, "read 21; read 21 asked 0 got -1 error 11; ");
    REPORTS(hook_preadv2(RIGHT, parts, 2, -1, RWF_NOWAIT), -1,
         "read 21 dontwait; read 21 asked 0 got -1 error 11; ");
    REPORTS(hook_preadv2(RIGHT, parts, 2, 0, 0), -1, "");
    REPORTS(hook_syscall(SYS_read, RIGHT, (long)bytes, 6, 0, 0, 0), -1,
         "read 21; read 21 asked 6 got -1 error 11; ");
    REPORTS(hook_eventfd_write(EVENT, 7), 0, "write 22; write 22 asked 8 got 8 error 0; ");
    REPORTS(hook_eventfd_read(EVENT, &value), 0, "read 22; read 22 asked 8 got 8 error 0; ");
    REPORTS(hook_eventfd_read(EVENT, &value), -1, "read 22; read 22 asked 8 got -1 error 11; ");
    REPORTS(hook_writev(LEFT, parts, 2), 8, "write 20; write 20 asked 8 got 8 error 0; ");
    REPORTS(hook_recv(RIGHT, bytes, 4, MSG_PEEK), 4, "peek 21; peek 21 asked 4 got 4 error 0; ");
    REPORTS(hook_recv(RIGHT, bytes, 16, MSG_DONTWAIT), 8,
         "read 21 dontwait; read 21 asked 16 got 8 error 0; ");
    REPORTS(hook_syscall(SYS_sendto, LEFT, (long)bytes, 2, MSG_DONTWAIT, 0, 0), 2,
         "write 20 dontwait; write 20 asked 2 got 2 error 0; ");
    REPORTS(hook_syscall(SYS_recvfrom, RIGHT, (long)bytes, 4, MSG_PEEK, 0, 0), 2,
         "peek 21; peek 21 asked 4 got 2 error 0; ");
    REPORTS(hook_recvfrom(RIGHT, bytes, 4, 0, NULL, NULL), 2,
         "read 21; read 21 asked 4 got 2 error 0; ");
}

static void test_messages(void)
{
    char bytes[16] = "";
    struct iovec parts[2] = {{bytes, 3}, {bytes + 3, 5}};
    struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = parts, .msg_iovlen = 2}},
                                  {.msg_hdr = {.msg_iov = parts, .msg_iovlen = 1}}};
    REPORTS(hook_sendmsg(LEFT, &messages[0].msg_hdr, 0), 8,
         "write 20; write 20 asked 8 got 8 error 0; ");
    REPORTS(hook_recvmsg(RIGHT, &messages[1].msg_hdr, 0), 3,
         "message 21; message 21 asked 3 got 3 error 0; ");
    REPORTS(hook_recvmmsg(RIGHT, messages, 2, MSG_DONTWAIT, NULL), 1,
         "messages 21 dontwait; messages 21 asked 2 got 1 error 0; ");
    REPORTS(hook_recvmsg(RIGHT, (struct msghdr *)8, MSG_ERRQUEUE), -1,
         "beside 21; beside 21 asked 0 got -1 error 14; ");
    REPORTS(hook_sendmmsg(LEFT, messages, 2, 0), 2,
         "write 20; write 20 asked 11 got 11 error 0; ");
    REPORTS(hook_syscall(SYS_recvmsg, RIGHT, (long)&messages[0].msg_hdr, 0, 0, 0, 0), 8,
         "message 21; message 21 asked 8 got 8 error 0; ");
    messages[1].msg_hdr.msg_iov = (struct iovec *)8;
    REPORTS(hook_sendmmsg(LEFT, messages, 2, 0), 1, "write 20; write 20 asked 9 got 8 error 0; ");
    REPORTS(hook_accept(LISTENER, NULL, NULL), -1,
         "accept 23; accept 23 asked 1 got -1 error 11; ");
    REPORTS(hook_syscall(SYS_accept4, LISTENER, 0, 0, 0, 0, 0), -1,
         "accept 23; accept 23 asked 1 got -1 error 11; ");
}

/* Sockets that are new are reported only where the lines of the program are known; a listener that is not watched
 * then too. */
static void test_new_sockets(void)
{
    struct sockaddr_un nowhere = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(name);
    REPORTS(hook_socket(AF_UNIX, -1, 0), -1, "");
    atomic_store(&epshim_has_lines, true);
    REPORTS(hook_socket(AF_UNIX, -1, 0), -1, "");
    int listener = hook_socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(strcmp(reported, "opened; ") == 0);
    reported[0] = '\0';
    CHECK_EQ(bind(listener, (const struct sockaddr *)&name, sizeof(sa_family_t)), 0);
    CHECK_EQ(listen(listener, 8), 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&name, &length), 0);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    REPORTS(hook_connect(client, (const struct sockaddr *)&nowhere, sizeof(nowhere)), -1,
         "connected error 2; ");
    REPORTS(hook_connect(client, (const struct sockaddr *)&name, length), 0, "opened; ");
    reported[0] = '\0';
    int accepted = hook_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    CHECK(accepted >= 0 && strcmp(reported, "opened; ") == 0);
    reported[0] = '\0';
    REPORTS(hook_accept(LISTENER, NULL, NULL), -1,
         "accept 23; accept 23 asked 1 got -1 error 11; ");
    atomic_store(&epshim_has_lines, false);
    REPORTS(hook_connect(client, (const struct sockaddr *)&name, length), -1,
         "connected error 106; ");
    int error = 7;
    socklen_t size = sizeof(error);
    REPORTS(hook_getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size), 0, "");
    REPORTS(hook_getsockopt(LEFT, SOL_SOCKET, SO_TYPE, &error, &size), 0, "");
    REPORTS(hook_getsockopt(LEFT, SOL_SOCKET, SO_ERROR, &error, &size), 0, "error of 20; ");
    REPORTS(hook_syscall(SYS_getsockopt, LEFT, SOL_SOCKET, SO_ERROR, (uintptr_t)&error,
                         (uintptr_t)&size, 0),
            0, "error of 20; ");
    CHECK_EQ(error, 0);
    close(listener);
    close(client);
    close(accepted);
}

static void test_transfers(void)
{
    char bytes[64];
    while (read(RIGHT, bytes, sizeof(bytes)) > 0)
        continue;
    REPORTS(hook_splice(RIGHT, NULL, PIPE_IN, NULL, 64, SPLICE_F_NONBLOCK), -1,
         "read 21 dontwait; write 25 dontwait; read 21 asked 64 got -1 error 11; "
         "write 25 asked 0 got 0 error 0; ");
    CHECK_EQ(write(LEFT, "ab", 2), 2);
    REPORTS(hook_splice(RIGHT, NULL, PIPE_IN, NULL, 64, 0), 2,
         "read 21; write 25; read 21 asked 2 got 2 error 0; write 25 asked 2 got 2 error 0; ");
    struct iovec part = {bytes, 2};
    REPORTS(hook_vmsplice(PIPE_OUT, &part, 1, 0), 2, "read 24; read 24 asked 2 got 2 error 0; ");
    REPORTS(hook_vmsplice(PIPE_IN, &part, 1, 0), 2, "write 25; write 25 asked 2 got 2 error 0; ");
    int file = open("/proc/self/exe", O_RDONLY);
    REPORTS(hook_sendfile(LEFT, file, NULL, 4), 4, "write 20; write 20 asked 4 got 4 error 0; ");
    REPORTS(hook_syscall(SYS_sendfile, LEFT, file, 0, 4, 0, 0), 4,
         "write 20; write 20 asked 4 got 4 error 0; ");
    close(file);
}

/* The last bytes before a page that cannot be read. */
static void *before_the_end(size_t size)
{
    char *pages = mmap(NULL, 2 * 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    CHECK_EQ(mprotect(pages + 65536, 65536, PROT_NONE), 0);
    return pages + 65536 - size;
}

/* A write that SIGPIPE may follow is reported before, unless it asked to be spared. */
static void test_unguarded(void)
{
    atomic_store(&epshim_sigpipe_is_harmless, false);
    REPORTS(hook_write(LEFT, "ab", 2), 2,
            "unguarded 20; write 20; write 20 asked 2 got 2 error 0; ");
    REPORTS(hook_send(LEFT, "ab", 2, 0), 2,
            "unguarded 20; write 20; write 20 asked 2 got 2 error 0; ");
    REPORTS(hook_send(LEFT, "ab", 2, MSG_NOSIGNAL), 2, "write 20; write 20 asked 2 got 2 error 0; ");
    REPORTS(hook_write(OTHER, "ab", 2), 2, "");
    atomic_store(&epshim_sigpipe_is_harmless, true);
}

/* A wait for room is reported only after a write found none, and of watched descriptors. */
static void test_poll(void)
{
    struct pollfd both[3] = {{.fd = LEFT, .events = POLLIN | POLLOUT},
                             {.fd = OTHER, .events = POLLOUT},
                             {.fd = -1, .events = POLLOUT}};
    struct pollfd input = {.fd = RIGHT, .events = POLLIN};
    struct timespec none = {0, 0};
    REPORTS(hook_poll(both, 3, 0), 2, "");
    CHECK_EQ(write(LEFT, "x", 1), 1);
    REPORTS(hook_poll(&input, 1, -1), 1, "input 21; ");
    REPORTS(hook___poll(&input, 1, -1), 1, "input 21; ");
    REPORTS(hook___poll_chk(&input, 1, -1, sizeof(input)), 1, "input 21; ");
    REPORTS(hook_ppoll(&input, 1, NULL, NULL), 1, "input 21; ");
    REPORTS(hook___ppoll_chk(&input, 1, &none, NULL, sizeof(input)), 1, "input 21; ");
    REPORTS(hook_syscall(SYS_ppoll, (uintptr_t)&input, 1, 0, 0, 8, 0), 1, "input 21; ");
    atomic_store(&epshim_any_unwritten, true);
    REPORTS(hook_poll(both, 3, 0), 2, "room 20; waited; ");
    REPORTS(hook_poll(both + 1, 2, 0), 1, "");
    REPORTS(hook_ppoll(both, 1, &none, NULL), 1, "room 20; waited; ");
    REPORTS(hook_syscall(SYS_ppoll, (uintptr_t)both, 1, 0, 0, 8, 0), 1, "room 20; waited; ");
#ifdef SYS_poll
    REPORTS(hook_syscall(SYS_poll, (uintptr_t)both, 1, 0, 0, 0, 0), 1, "room 20; waited; ");
    REPORTS(hook_syscall(SYS_poll, 8, 1, 0, 0, 0, 0), -1, "");
#endif
    REPORTS(hook_poll((struct pollfd *)8, 1, -1), -1, "");
    CHECK_EQ(errno, EFAULT);
    REPORTS(hook_poll(both, ~(nfds_t)0, -1), -1, "");
    CHECK_EQ(errno, EINVAL);
    struct pollfd *last = before_the_end(sizeof(both));
    memcpy(last, both, sizeof(both));
    REPORTS(hook_poll(last, 3, 0), 2, "room 20; waited; ");
    REPORTS(hook_poll(last, 4, 0), -1, "");
    CHECK_EQ(errno, EFAULT);
    REPORTS(hook_poll(NULL, 0, 0), 0, "");
    atomic_store(&epshim_any_unwritten, false);
}

static fd_set *both(fd_set *set)
{
    FD_ZERO(set);
    FD_SET(RIGHT, set);
    FD_SET(OTHER, set);
    return set;
}

static void test_select(void)
{
    struct timeval now = {0, 0};
    struct timespec none = {0, 0};
    fd_set reading, writing, *unreadable = (fd_set *)8;
    REPORTS(hook_select(OTHER + 1, NULL, both(&writing), NULL, NULL), 2, "");
    REPORTS(hook_select(OTHER + 1, both(&reading), NULL, NULL, &now), 1, "input 21; ");
    REPORTS(hook___select(OTHER + 1, both(&reading), NULL, NULL, &now), 1, "input 21; ");
    REPORTS(hook_pselect(OTHER + 1, both(&reading), NULL, NULL, &none, NULL), 1, "input 21; ");
    REPORTS(hook_select(RIGHT, both(&reading), NULL, NULL, &now), 0, "");
    atomic_store(&epshim_any_unwritten, true);
    REPORTS(hook_select(OTHER + 1, NULL, both(&writing), NULL, NULL), 2, "room 21; waited; ");
    REPORTS(hook_select(OTHER + 1, both(&reading), both(&writing), NULL, NULL), 3,
            "room 21; waited; input 21; ");
    REPORTS(hook_pselect(OTHER + 1, NULL, both(&writing), NULL, &none, NULL), 2, "room 21; waited; ");
    REPORTS(hook_select(RIGHT, NULL, both(&writing), NULL, &now), 0, "");
    REPORTS(hook_select(OTHER + 1, NULL, NULL, both(&writing), &now), 0, "");
    REPORTS(hook_syscall(SYS_pselect6, OTHER + 1, 0, (uintptr_t)both(&writing), 0, (uintptr_t)&none, 0),
            2, "room 21; waited; ");
#if defined(SYS_select) && !defined(SYS__newselect)
    REPORTS(hook_syscall(SYS_select, OTHER + 1, 0, (uintptr_t)both(&writing), 0, (uintptr_t)&now, 0), 2,
            "room 21; waited; ");
#endif
    REPORTS(hook_select(OTHER + 1, NULL, unreadable, NULL, &now), -1, "");
    CHECK_EQ(errno, EFAULT);
    REPORTS(hook_select(OTHER + 1, unreadable, both(&writing), NULL, &now), -1,
            "room 21; waited; ");
    CHECK_EQ(errno, EFAULT);
    REPORTS(hook_select(-1, NULL, both(&writing), NULL, &now), -1, "");
    CHECK_EQ(errno, EINVAL);
    /* More than the set has: the kernel looks as far as the table of descriptors goes. A descriptor
     * that was closed unseen is watched beyond it. */
    watch(5000);
    fd_set *last = before_the_end(sizeof(fd_set));
    *last = *both(&writing);
    REPORTS(hook_select(9000, NULL, last, NULL, &now), 2, "room 21; waited; ");
    *last = *both(&reading);
    REPORTS(hook_select(9000, last, NULL, NULL, &now), 1, "input 21; ");
    atomic_fetch_and(&epshim_watched[5000 / WORD_BITS], 0);
    CHECK_EQ(read(RIGHT, last, 1), 1); /* what test_poll wrote */
    atomic_store(&epshim_any_unwritten, false);
}

/* A fork is reported before and after, in both processes. */
static void test_fork(void)
{
    int status;
    reported[0] = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(strcmp(reported, "fork begins; forked; ") != 0);
    CHECK_EQ(strcmp(reported, "fork begins; fork ended; "), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

/* While a hazard is announced, every close is reported. */
static void leave_by_number(int status)
{
    hook_syscall(SYS_exit_group, (uintptr_t)status, 0, 0, 0, 0, 0);
}

/* In a child, which leaves with the status that it is asked to have. */
static void test_leaving(void)
{
    void (*const ways[])(int) = {hook__exit, hook__Exit, hook_quick_exit, leave_by_number};
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            ways[i](3);
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), 44);
    }
}

/* What takes the program's place, and fails to; in a child each that does. */
static void test_executing(void)
{
    REPORTS(hook_system(NULL), 1, "spawns; ");
    const char *no = "/no/such/program", *fails = "executes; executes not; ";
    char *arguments[] = {"true", NULL}, *nothing[] = {NULL};
    REPORTS(hook_execve(no, arguments, nothing), -1, fails);
    REPORTS(hook_execv(no, arguments), -1, fails);
    REPORTS(hook_execvp(no, arguments), -1, fails);
    REPORTS(hook_execvpe(no, arguments, nothing), -1, fails);
    REPORTS(hook_fexecve(-1, arguments, nothing), -1, fails);
    REPORTS(hook_execveat(AT_FDCWD, no, arguments, nothing, 0), -1, fails);
    REPORTS(hook_execl(no, "true", "a", NULL), -1, fails);
    REPORTS(hook_execlp(no, "true", NULL), -1, fails);
    REPORTS(hook_execle(no, "true", "a", NULL, nothing), -1, fails);
    REPORTS(hook_syscall(SYS_execve, (uintptr_t)no, (uintptr_t)arguments, 0, 0, 0, 0), -1, fails);
    CHECK_EQ(errno, ENOENT);
    for (int way = 0; way < 3; way++) {
        char *set[] = {"WAY=3", NULL};
        int status;
        pid_t child = fork();
        if (child == 0) {
            const char *script = "test \"$0 $1 $WAY\" = \"a b 3\"";
            setenv("WAY", "3", 1);
            if (way == 0)
                hook_execl("/bin/sh", "sh", "-c", script, "a", "b", NULL);
            else if (way == 1)
                hook_execlp("sh", "sh", "-c", script, "a", "b", NULL);
            else
                hook_execle("/bin/sh", "sh", "-c", script, "a", "b", NULL, set);
            _exit(1);
        }
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 0);
    }
}

static void test_hazard(void)
{
    int free = open("/dev/null", O_RDONLY), from = open("/dev/null", O_RDONLY);
    char expected[64];
    REPORTS(hook_dup2(from, free), free, "");
    atomic_store(&epshim_hazard, true);
    snprintf(expected, sizeof(expected), "gone %d to %d; ", free, free);
    REPORTS(hook_dup2(from, free), free, expected);
    REPORTS(hook_dup2(-1, free), -1, "");
    REPORTS(hook_syscall(SYS_dup3, from, free, 0, 0, 0, 0), free, expected);
    REPORTS(hook_dup2(OTHER, EPOLL), EPOLL, "closing 26; gone 26 to 26; ");
    REPORTS(hook_close(free), 0, expected);
    snprintf(expected, sizeof(expected), "gone %d to %d; ", from, from);
    REPORTS(hook_syscall(SYS_close, from, 0, 0, 0, 0, 0), 0, expected);
    REPORTS(hook_close(-1), -1, "");
    REPORTS(hook_close_range(90, 95, CLOSE_RANGE_CLOEXEC), 0, "");
    REPORTS(hook_close_range(90, 95, 0), 0, "gone 90 to 95; ");
    REPORTS(hook_fclose(fdopen(dup2(OTHER, 90), "r")), 0, "gone 90 to 90; ");
    atomic_store(&epshim_hazard, false);
    REPORTS(hook_close(-1), -1, "");
}

static void test_descriptors(void)
{
    int one = 1;
    FILE *stream;
    REPORTS(close(hook_dup(LEFT)), 0, "duplicated 20; ");
    REPORTS(hook_dup2(LEFT, LEFT), LEFT, "");
    REPORTS(hook_dup2(-1, LEFT), -1, "");
    REPORTS(hook_dup3(RIGHT, LEFT, 1), -1, "");
    REPORTS(hook_dup2(OTHER, EVENT), EVENT, "closing 22; ");
    REPORTS(hook_syscall(SYS_dup3, LEFT, RIGHT, 0, 0, 0, 0), RIGHT, "closing 21; duplicated 20; ");
    REPORTS(close(hook_fcntl(LEFT, F_DUPFD, 0)), 0, "duplicated 20; ");
    REPORTS(hook_fcntl(LEFT, F_SETFL, O_NONBLOCK), 0, "flags 20; ");
    REPORTS(hook_fcntl(LEFT, F_GETFD, 0), FD_CLOEXEC, "");
    REPORTS(hook_syscall(SYS_fcntl, LEFT, F_SETFL, O_NONBLOCK, 0, 0, 0), 0, "flags 20; ");
    REPORTS(hook_ioctl(LEFT, FIONBIO, (uintptr_t)&one), 0, "flags 20; ");
    REPORTS(hook_ioctl(LEFT, FIONREAD, (uintptr_t)&one), 0, "");
    REPORTS(hook_ioctl(LEFT, 12345, 0), -1, "control 20 asked 0 got 0 error 25; ");
    REPORTS(hook_shutdown(LEFT, SHUT_RD), 0, "");
    REPORTS(hook_shutdown(LEFT, SHUT_WR), 0, "shut down 20; ");
    REPORTS(hook_waitpid(-1, NULL, __WALL), -1, "every child; waited; ");
    REPORTS(hook_waitpid(-1, NULL, WNOHANG), -1, "");
    REPORTS(hook_waitpid(getpid(), NULL, __WALL), -1, "");
    REPORTS(hook_wait4(0, NULL, __WCLONE, NULL), -1, "every child; waited; ");
    REPORTS(hook_waitid(P_ALL, 0, NULL, WEXITED | __WALL), -1, "every child; waited; ");
    REPORTS(hook_waitid(P_PID, (id_t)getpid(), NULL, WEXITED | __WALL), -1, "");
    REPORTS(hook_syscall(SYS_wait4, -1, 0, __WALL, 0, 0, 0), -1, "every child; waited; ");
    REPORTS(hook_unshare(0), 0, "alone; not alone; ");
    REPORTS(hook_syscall(SYS_unshare, 0, 0, 0, 0, 0, 0), 0, "alone; not alone; ");
    REPORTS(hook_setns(-1, 0), -1, "alone; not alone; ");
    REPORTS(hook_setuid(getuid()), 0, "alone; not alone; ");
    /* PR_GET_DUMPABLE; PR_SET_SECCOMP of no filter, and of a mode that there is not. */
    REPORTS(hook_prctl(3, 0, 0, 0, 0, 0), 1, "");
    REPORTS(hook_prctl(22, 2, 0, 0, 0, 0), -1, "asks; not entered; ");
    REPORTS(hook_prctl(22, 9, 1, 0, 0, 0), -1, "enters; not entered; ");
    REPORTS(hook_syscall(SYS_prctl, 22, 2, 0, 0, 0, 0), -1, "asks; not entered; ");
    REPORTS(hook_syscall(SYS_seccomp, 1, 0, 0, 0, 0, 0), -1, "asks; not entered; ");
    REPORTS(hook_syscall(SYS_io_uring_setup, 1, 8, 0, 0, 0, 0), -1, "");
    REPORTS(hook_close_range(LEFT, RIGHT, CLOSE_RANGE_CLOEXEC), 0, "");
    REPORTS(hook_close_range(LEFT, RIGHT, 0), 0, "closing 20; closing 21; ");
    REPORTS(hook_syscall(SYS_close, LISTENER, 0, 0, 0, 0, 0), 0, "closing 23; ");
    stream = fdopen(PIPE_OUT, "r");
    REPORTS(hook_fclose(stream), 0, "closing 24; ");
    REPORTS(hook_close(OTHER), 0, "");
    REPORTS((hook_closefrom(EVENT), 0), 0, "closing 22; closing 23; closing 24; closing 25; closing 26; ");
}

int main(void)
{
    set_up();
    test_epoll();
    test_poll();
    test_select();
    test_io();
    test_messages();
    test_new_sockets();
    test_transfers();
    test_unguarded();
    test_fork();
    test_leaving();
    test_executing();
    test_hazard();
    test_descriptors();
    return 0;
}
