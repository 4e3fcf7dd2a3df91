/* Programs that are stuck, each in one way: `stuck WAY`. They say "stuck" when they are, and stay so until SIGTERM,
 * when they say how many waits were interrupted before it and how many events were delivered. */
#include "misuse/loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/un.h>

static volatile long interrupted, delivered_events;
static int epfd, fd, peer, listener;
static struct sockaddr_in address;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void on_term(int signal)
{
    char text[80];
    int length = snprintf(text, sizeof(text), "interrupted %ld delivered %ld\n", interrupted,
                          delivered_events);
    (void)signal;
    if (write(1, text, (size_t)length) != length)
        _exit(1);
    _exit(0);
}

/* A child that ends with this process. Whether this is it. */
static bool is_child(void)
{
    if (MUST(fork()) != 0)
        return false;
    MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
    return true;
}

static void stuck(void)
{
    puts("stuck");
    fflush(stdout);
}

static void add(int to, int descriptor, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)descriptor};
    MUST(epoll_ctl(to, EPOLL_CTL_ADD, descriptor, &event));
}

/* One wait, which is counted. */
static int turn(int timeout)
{
    struct epoll_event events[16];
    int count = epoll_wait(epfd, events, 16, timeout);
    if (count == -1 && errno == EINTR)
        interrupted++;
    else if (count > 0)
        delivered_events += count;
    return count;
}

static void loop(int timeout)
{
    stuck();
    for (;;)
        turn(timeout);
}

/* A connection over TCP, whose end `fd` is the loop's. */
static void connection(void)
{
    listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    peer = connect_to(&address);
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) == -1)
        ;
}

static void take(size_t size)
{
    char buffer[64];
    turn(-1);
    MUST(read(fd, buffer, size));
}

static void *wait_here(void *unused)
{
    turn(-1);
    for (;;)
        pause();
    return unused;
}

static void start_waiter(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_here, NULL) != 0)
        exit(1);
}

/* Edges and one-shots. */
static void way_edge(void) { connection(); add(epfd, fd, EPOLLIN | EPOLLET); tell(peer, "0123456789"); take(4); loop(-1); }
static void way_edge_timer(void) { connection(); add(epfd, fd, EPOLLIN | EPOLLET); tell(peer, "0123456789"); take(4); loop(100); }
static void way_edge_unix(void) { connect_pair(&fd, &peer); add(epfd, fd, EPOLLIN | EPOLLET); tell(peer, "0123456789"); take(4); loop(-1); }
/* What writes is another process. */
static void way_edge_pipe(void)
{
    int ends[2];
    MUST(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
    if (is_child()) {
        MUST(write(ends[1], "0123456789", 10));
        for (;;)
            pause();
    }
    close(ends[1]);
    fd = ends[0];
    add(epfd, fd, EPOLLIN | EPOLLET);
    take(4);
    loop(-1);
}
static void way_edge_listener(void)
{
    listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    add(epfd, listener, EPOLLIN | EPOLLET);
    connect_to(&address);
    connect_to(&address);
    turn(-1);
    MUST(accept(listener, NULL, NULL));
    loop(-1);
}
static void way_oneshot(void) { connection(); add(epfd, fd, EPOLLIN | EPOLLONESHOT); tell(peer, "0123456789"); take(4); loop(-1); }
static void way_eof(void) { connection(); add(epfd, fd, EPOLLPRI); close(peer); loop(-1); }
static void way_eof_edge(void) { connection(); add(epfd, fd, EPOLLIN | EPOLLET); close(peer); turn(-1); loop(-1); }

/* Ghosts. */
static void way_ghost(void) { connection(); add(epfd, fd, EPOLLIN); MUST(dup(fd)); tell(peer, "x"); close(fd); loop(-1); }
static void way_ghost_fork(void)
{
    connection();
    add(epfd, fd, EPOLLIN);
    if (is_child())
        for (;;)
            pause();
    tell(peer, "x");
    close(fd);
    loop(-1);
}
static void way_ghost_eventfd(void)
{
    fd = MUST(eventfd(1, EFD_CLOEXEC));
    add(epfd, fd, EPOLLIN);
    MUST(dup(fd));
    int other = MUST(eventfd(0, EFD_CLOEXEC));
    MUST(dup2(other, fd));
    loop(-1);
}

/* Spins. */
static void way_close_wait(void) { connection(); add(epfd, fd, EPOLLIN); close(peer); loop(-1); }
static void way_unread(void) { connection(); add(epfd, fd, EPOLLIN); tell(peer, "x"); loop(-1); }
static void way_eventfd(void) { add(epfd, MUST(eventfd(1, EFD_CLOEXEC)), EPOLLIN); loop(-1); }
static void way_out(void) { connection(); add(epfd, fd, EPOLLIN | EPOLLOUT); loop(-1); }
static void way_reset(void)
{
    connection();
    add(epfd, fd, 0);
    struct linger at_once = {.l_onoff = 1};
    MUST(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
    close(peer);
    loop(-1);
}
static void way_zero(void) { connection(); add(epfd, fd, EPOLLIN); loop(0); }
static void way_accept_spin(void)
{
    listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    add(epfd, listener, EPOLLIN);
    connect_to(&address);
    int next = MUST(dup(0));
    close(next);
    struct rlimit limit = {.rlim_cur = (rlim_t)next, .rlim_max = (rlim_t)next};
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    stuck();
    for (;;)
        if (turn(-1) > 0)
            (void)!accept(listener, NULL, NULL);
}

/* Loops that are elsewhere. */
static void way_blocking(void) { connection(); MUST(fcntl(fd, F_SETFL, 0)); add(epfd, fd, EPOLLIN); stuck(); (void)!read(fd, &address, 1); }
static void way_elsewhere(void)
{
    connection();
    add(epfd, fd, EPOLLIN);
    tell(peer, "0123456789");
    pthread_mutex_lock(&mutex);
    stuck();
    pthread_mutex_lock(&mutex);
}
static void way_sleeps(void) { connection(); add(epfd, fd, EPOLLIN); tell(peer, "x"); stuck(); sleep(1000); }
static void way_computes(void) { connection(); add(epfd, fd, EPOLLIN); tell(peer, "x"); stuck(); for (;;) delivered_events *= 1; }
static void way_nobody(void) { connection(); add(epfd, fd, EPOLLIN); tell(peer, "x"); stuck(); pause(); }
static void way_nobody_idle(void) { connection(); add(epfd, fd, EPOLLIN); stuck(); pause(); }
static void way_backlog(void)
{
    listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    add(epfd, listener, 0);
    connect_to(&address);
    loop(-1);
}

/* Epolls that others have, wrong numbers, wrong layouts. */
static void way_inherited(void)
{
    int shared = epfd;
    MUST(fcntl(shared, F_SETFD, 0));
    connection();
    add(epfd, fd, EPOLLIN);
    if (is_child()) {
        execlp("sleep", "sleep", "1000", (char *)NULL);
        _exit(1);
    }
    loop(-1);
}
static void way_fork_shared(void) { connection(); add(epfd, fd, EPOLLIN); if (is_child()) for (;;) turn(-1); loop(-1); }
static void way_crowd(void) { connection(); add(epfd, fd, EPOLLIN); start_waiter(); loop(-1); }
static void way_closed(void)
{
    connection();
    add(epfd, fd, EPOLLIN);
    start_waiter();
    sleep_until(in_ms(200));
    close(epfd);
    stuck();
    for (;;)
        pause();
}
static void way_layout(void)
{
    for (int i = 0; i < 8; i++) {
        int event = MUST(eventfd(0, EFD_CLOEXEC));
        struct epoll_event shifted = {.events = EPOLLIN, .data.u64 = (uint64_t)event << 32};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, event, &shifted));
    }
    loop(-1);
}

/* Many registrations, and a ghost among them whose number is another connection by now. */
static void fill(void)
{
    struct rlimit limit;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    for (int i = 0; i < 1500; i++) {
        connect_pair(&fd, &peer);
        add(epfd, fd, EPOLLIN | EPOLLET);
    }
}
static void way_many(void) { fill(); loop(-1); }
static void way_many_ghost(void)
{
    fill();
    connect_pair(&fd, &peer);
    add(epfd, fd, EPOLLIN);
    int other = MUST(dup(fd)), number = fd;
    tell(peer, "x");
    connect_pair(&fd, &peer);
    MUST(dup2(fd, number));
    (void)other;
    loop(-1);
}

/* What is right. */
static void way_idle(void) { connection(); add(epfd, fd, EPOLLIN | EPOLLET); loop(-1); }
static void way_busy(void)
{
    connection();
    add(epfd, fd, EPOLLIN);
    if (is_child())
        for (;;) {
            MUST(send(peer, "x", 1, MSG_NOSIGNAL));
            sleep_until(in_ms(5));
        }
    stuck();
    char byte;
    for (;;)
        if (turn(0) > 0)
            MUST(read(fd, &byte, 1));
}

/* Numbers are closed and given again all the time, each registered as long as it is open. */
static void way_churn(void)
{
    stuck();
    for (;;) {
        int ends[8][2];
        for (int i = 0; i < 8; i++) {
            connect_pair(&ends[i][0], &ends[i][1]);
            add(epfd, ends[i][0], EPOLLIN | EPOLLET);
            tell(ends[i][1], "x");
        }
        turn(0);
        for (int i = 7; i >= 0; i--) {
            close(ends[i][0]);
            close(ends[i][1]);
        }
    }
}

/* The first thread ends, and another one waits for ever at an edge. */
static void *at_the_edge(void *unused)
{
    (void)unused;
    way_edge();
    return NULL;
}

static void way_first_ended(void)
{
    pthread_t thread;
    MUST(-pthread_create(&thread, NULL, at_the_edge, NULL));
    pthread_exit(NULL);
}

/* Names that a terminal would obey. */
static void way_names(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const char text[] = "\033[31mred\n\302\233\377";
    snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "%s%d", text, (int)getpid());
    socklen_t size = sizeof name;
    int listener = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    MUST(bind(listener, (struct sockaddr *)&name, size));
    MUST(listen(listener, 5));
    int peer = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    MUST(connect(peer, (struct sockaddr *)&name, size));
    add(epfd, listener, EPOLLIN | EPOLLET);
    MUST(prctl(PR_SET_NAME, "a\033[2Jb\n\"\\\302\233"));
    turn(-1);
    stuck();
    turn(-1);
}

/* A ghost that is gone soon, and another one under the same numbers: nothing is delivered. */
static void way_churn_ghost(void)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    stuck();
    for (;;) {
        int other = MUST(epoll_create1(EPOLL_CLOEXEC)), file = MUST(eventfd(1, 0));
        add(other, file, EPOLLIN);
        int kept = MUST(dup(file));
        close(file);
        nanosleep(&pause, NULL);
        close(other);
        close(kept);
    }
}

static const struct {
    const char *name;
    void (*go)(void);
} ways[] = {
#define WAY(name) {#name, way_##name}
    WAY(edge), WAY(edge_timer), WAY(edge_unix), WAY(edge_pipe), WAY(edge_listener), WAY(oneshot), WAY(eof), WAY(eof_edge), WAY(ghost),
    WAY(ghost_fork), WAY(ghost_eventfd), WAY(close_wait), WAY(unread), WAY(eventfd), WAY(out), WAY(reset), WAY(zero),
    WAY(accept_spin), WAY(blocking), WAY(elsewhere), WAY(sleeps), WAY(computes), WAY(nobody), WAY(nobody_idle),
    WAY(backlog), WAY(inherited), WAY(fork_shared), WAY(crowd), WAY(closed), WAY(layout), WAY(many), WAY(many_ghost), WAY(idle), WAY(busy), WAY(churn),
    WAY(churn_ghost), WAY(first_ended), WAY(names),
};

int main(int count, char **arguments)
{
    struct sigaction action = {.sa_handler = on_term};
    MUST(sigaction(SIGTERM, &action, NULL));
    epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    for (size_t i = 0; count == 2 && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(arguments[1], ways[i].name) == 0)
            ways[i].go();
    return 1;
}
