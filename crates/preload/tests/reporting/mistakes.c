/* Makes mistakes that are facts at once, and what is around them as it is asked to:
 *
 * mistakes [HOW] where HOW is one of the functions below. Ends with 5, which is its own exit code. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int epfd, fd;

/* A second time: EEXIST. The retry with EPOLL_CTL_MOD that would excuse it never comes. */
__attribute__((noinline)) static void register_again(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    CHECK_FAILS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), EEXIST);
}

static void set_up(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    epfd = epoll_create1(EPOLL_CLOEXEC);
    fd = eventfd(0, EFD_NONBLOCK);
    event.data.fd = fd;
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
}

static void wait_for(int milliseconds)
{
    struct epoll_event event;
    CHECK_EQ(epoll_wait(epfd, &event, 1, milliseconds), 0);
}

/* Standard error is gone, and something else has got its number. */
static void with_data_as_stderr(const char *path)
{
    char bytes[8];
    close(2);
    CHECK_EQ(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), 2);
    register_again();
    wait_for(50);
    CHECK_EQ(pread(2, bytes, sizeof(bytes), 0), 0);
}

/* Standard error has no reader any more: SIGPIPE would end the program. */
static void with_no_reader(void)
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    dup2(ends[1], 2);
    close(ends[0]);
    register_again();
    wait_for(50);
}

/* Children, while a thread of the parent is busy reporting. Each has a loop, and its own mistake. */
static void fork_often(void)
{
    for (int round = 0; round < 60; round++) {
        int status;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            close(epfd);
            close(fd);
            set_up();
            register_again();
            wait_for(1);
            exit(3);
        }
        wait_for(0);
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), 3);
    }
}

static volatile int is_over;

static void *make_mistakes(void *argument)
{
    while (!is_over) {
        register_again();
        epoll_ctl(-1, EPOLL_CTL_ADD, fd, NULL);
        wait_for(0);
    }
    return argument;
}

static void fork_beside_threads(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, make_mistakes, NULL), 0);
    fork_often();
    is_over = 1;
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static volatile sig_atomic_t handled;
static sigjmp_buf back;

/* Once, after a time that is never the same; so that the program has some between two signals. */
static void arm(void)
{
    struct itimerval soon = {{0, 0}, {0, 100 + handled % 97}};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void fork_in_handler(int number)
{
    int saved = errno;
    (void)number;
    pid_t child = fork();
    if (child == 0)
        _exit(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    waitpid(child, NULL, 0);
    errno = saved;
    handled++;
    arm();
}

static void jump(int number)
{
    (void)number;
    handled++;
    siglongjmp(back, 1);
}

static void storm(void (*handler)(int), int times)
{
    struct itimerval never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    sigsetjmp(back, 1);
    arm();
    while (handled < times) {
        struct epoll_event event = {.events = EPOLLIN};
        epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
        epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
        epoll_wait(epfd, &event, 1, 1);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
    close(epfd);
    close(fd);
    set_up();
    register_again();
}

/* Until the checker has no thread any more. */
static void outlive_the_checker(void)
{
    struct stat threads;
    int waits = 0;
    register_again();
    do {
        CHECK(waits++ < 500);
        wait_for(20);
        CHECK_EQ(stat("/proc/self/task", &threads), 0);
    } while (threads.st_nlink > 3); /* two, and one a thread */
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    set_up();
    if (strcmp(how, "data") == 0)
        with_data_as_stderr(argv[2]);
    else if (strcmp(how, "pipe") == 0)
        with_no_reader();
    else if (strcmp(how, "forks") == 0)
        fork_beside_threads();
    else if (strcmp(how, "handler") == 0)
        storm(fork_in_handler, 300);
    else if (strcmp(how, "jumps") == 0)
        storm(jump, 1000);
    else if (strcmp(how, "waits") == 0)
        outlive_the_checker();
    else
        register_again();
    wait_for(20);
    return 5;
}
