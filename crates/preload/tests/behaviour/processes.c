/* Children of every kind: what they do to their descriptors is theirs, and what is done to the
 * parent's stays done. The program's own copies of everything are checked after each. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int epfd, fd;

/* The parent's epoll still watches and delivers. */
static void check_parent(void)
{
    struct epoll_event event;
    eventfd_t value;
    CHECK_EQ(eventfd_write(fd, 1), 0);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 0), 1);
    CHECK_EQ(event.data.fd, fd);
    CHECK_EQ(eventfd_read(fd, &value), 0);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 0), 0);
}

static void check_child(pid_t child, int expected)
{
    int status;
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), expected);
    check_parent();
}

/* What a child does: epoll of its own, and its copies closed. */
static void live(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int own = epoll_create1(EPOLL_CLOEXEC), other = eventfd(1, EFD_NONBLOCK);
    CHECK_EQ(epoll_ctl(own, EPOLL_CTL_ADD, other, &event), 0);
    CHECK_EQ(epoll_wait(own, &event, 1, -1), 1);
    CHECK_EQ(close(fd), 0);
    closefrom(3);
    CHECK_FAILS(close(own), EBADF);
    _exit(3);
}

static void vfork_and_exec(void)
{
    char *arguments[] = {"true", NULL};
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        dup2(epfd, fd);
        execvp("true", arguments);
        _exit(127);
    }
    check_child(child, 0);
}

static void spawn(void)
{
    char *arguments[] = {"sh", "-c", "read line && test \"$line\" = hello", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    posix_spawn_file_actions_addclose(&actions, epfd);
    CHECK_EQ(posix_spawnp(&child, "sh", &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    CHECK_EQ(write(ends[1], "hello\n", 6), 6);
    close(ends[0]);
    close(ends[1]);
    check_child(child, 0);
}

static void shell(void)
{
    char line[32];
    FILE *stream = popen("echo $((6 * 7))", "r");
    CHECK(stream != NULL);
    CHECK(fgets(line, sizeof(line), stream) != NULL);
    CHECK_EQ(atoi(line), 42);
    CHECK_EQ(pclose(stream), 0);
    check_parent();
}

int main(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    epfd = epoll_create1(0);
    fd = eventfd(0, EFD_NONBLOCK);
    event.data.fd = fd;
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
    for (int round = 0; round < 100; round++) {
        pid_t child = fork();
        if (child == 0)
            live();
        check_child(child, 3);
        child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* no handlers of fork are called */
        if (child == 0)
            live();
        check_child(child, 3);
        if (round % 10 == 0) {
            vfork_and_exec();
            spawn();
            shell();
        }
    }
    return 0;
}
