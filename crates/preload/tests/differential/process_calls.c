/* Calls that concern the whole process, and the signals. For the world that has no other beside it. */
#include "world.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

static struct world *interrupted;

static void handle(int number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)number};
    char byte;
    int saved = errno;
    MADE(interrupted, read(any(interrupted), &byte, 1), 0, 0, 0);
    MADE(interrupted, epoll_ctl(any(interrupted), EPOLL_CTL_ADD, any(interrupted), &event), 0, 0, 0);
    MADE(interrupted, close(interrupted->pool[below(interrupted, POOL)]), 0, 0, 0);
    errno = saved;
}

static void interrupt(struct world *world)
{
    struct sigaction action = {.sa_handler = handle};
    struct epoll_event events[8];
    sigset_t blocked, none;
    int epfd = any(world);
    interrupted = world;
    sigaction(SIGUSR1, &action, NULL);
    if (one_in(world, 2)) {
        MADE(world, raise(SIGUSR1), 0, 0, 0);
        return;
    }
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGUSR1);
    MADE(world, epoll_pwait(epfd, events, 8, 0, &none), epfd, 0, 0);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

/* The world is in memory shared with the child: what it does is noted in the same digest. */
static void fork_once(struct world *world)
{
    int status = -1;
    fflush(stdout); /* or the child would write it a second time */
    pid_t child = fork();
    if (child == 0) {
        for (int i = below(world, 40); i > 0; i--)
            call_any(world);
        if (one_in(world, 4))
            closefrom(5);
        if (one_in(world, 4))
            MADE(world, dup2(any(world), any(world)), 0, 0, 0);
        fflush(stdout);
        _exit(below(world, 100));
    }
    waitpid(child, &status, 0);
    note(world, "fork", child > 0, status, 0, 0);
}

/* A vforked child has the parent's memory and its own descriptors. */
static void vfork_once(struct world *world)
{
    int fd = any(world), to = world->pool[0], status = -1;
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        if (to > 2)
            dup2(fd, to);
        _exit(7);
    }
    waitpid(child, &status, 0);
    note(world, "vfork", child > 0, status, fd, 0);
    MADE(world, fcntl(fd, F_GETFD), fd, 0, 0);
    MADE(world, fcntl(to, F_GETFD), to, 0, 0);
}

static void run_shell(struct world *world)
{
    char line[64] = "";
    fflush(stdout);
    FILE *stream = popen("echo out of a shell", "r");
    if (stream != NULL && fgets(line, sizeof(line), stream) == NULL)
        line[0] = '?';
    absorb(world, line, sizeof(line));
    MADE(world, pclose(stream), 0, 0, 0);
}

static void reopen(struct world *world)
{
    FILE *stream = fopen("/dev/null", "r");
    MADE(world, fileno(stream), 0, 0, 0);
    stream = freopen("/dev/zero", "r", stream);
    MADE(world, fgetc(stream), 0, 0, 0);
    MADE(world, fclose(stream), 0, 0, 0);
}

void call_process(struct world *world)
{
    int choice = below(world, 100);
    if (choice < 60)
        interrupt(world);
    else if (choice < 75)
        fork_once(world);
    else if (choice < 88)
        vfork_once(world);
    else if (choice < 98)
        reopen(world);
    else
        run_shell(world);
}
