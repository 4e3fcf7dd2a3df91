/* A program that has made a mistake and ends, in one of many ways: ways WAY [PROGRAM]. Its own status is 5
 * where it has one. `facts` says what it can know of itself, before it ends. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* One that no second call makes good: it is reported at once. */
static void make_mistake(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    epoll_wait(epfd, &event, 1, 0);
    epoll_ctl(epfd, EPOLL_CTL_DEL, 999, NULL);
}

/* One that waits for its time: reported later, or pending at the end. */
static void make_pending_mistake(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epfd = epoll_create1(EPOLL_CLOEXEC), ends[2];
    pipe(ends);
    epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event);
    epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event);
}

static void *make_mistakes(void *unused)
{
    for (int i = 0; i < 20; i++)
        make_pending_mistake();
    return unused;
}

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int number = 0;
    while (readdir(folder) != NULL)
        number++;
    closedir(folder);
    return number;
}

static void print_facts(void)
{
    struct rusage usage;
    sigset_t mask;
    int fd = open("/dev/null", O_RDONLY);
    printf("lowest %d, descriptors %d\n", fd, count_descriptors());
    printf("parent %d, group %d, session %d, leads %d\n", getppid(), getpgrp(), getsid(0),
           getpgrp() == getpid());
    int child = wait(NULL);
    printf("wait %d %d\n", child, errno);
    child = waitpid(-1, NULL, WNOHANG);
    printf("waitpid %d %d\n", child, errno);
    getrusage(RUSAGE_CHILDREN, &usage);
    printf("children %ld %ld\n", usage.ru_maxrss, usage.ru_minflt);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0)
            printf("%d%d", sigismember(&mask, number), action.sa_handler == SIG_IGN);
    }
    for (int resource = 0; resource < 16; resource++) {
        struct rlimit limit;
        getrlimit(resource, &limit);
        printf(" %lx %lx", (long)limit.rlim_cur, (long)limit.rlim_max);
    }
    char folder[4096];
    printf("\nfolder %s, session of its own %d\n", getcwd(folder, sizeof folder), setsid() > 0);
    fflush(stdout);
}

static int reap(void)
{
    int status, ended = 0;
    while (wait(&status) > 0)
        ended++;
    return ended;
}

/* Four workers that make mistakes and end differently. */
static void make_workers(void)
{
    for (int worker = 0; worker < 4; worker++) {
        if (fork() != 0)
            continue;
        make_mistake();
        if (worker == 0)
            _exit(5);
        if (worker == 1)
            exit(5);
        raise(worker == 2 ? SIGKILL : SIGABRT);
    }
    printf("reaped %d\n", reap());
}

/* A daemon's parent ends by libc's own _exit. The daemon ends when its stdin does. */
static void become_daemon(void)
{
    char byte;
    int input = dup(0);
    daemon(1, 0);
    make_mistake();
    read(input, &byte, 1);
}

static void vfork_and_execute(const char *program)
{
    if (vfork() == 0) {
        execl(program, "true", NULL);
        _exit(3);
    }
    reap();
}

/* A sandbox that lets nothing pass but epoll and the end: no write, so that this process cannot report. */
static void enter_sandbox(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_ctl, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_create1, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        perror("prctl"), exit(4);
}

/* The mistake of `make_mistake`, with the calls that the sandbox lets pass on every architecture. */
static void make_mistake_in_sandbox(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    enter_sandbox();
    epoll_pwait(epfd, &event, 1, 0, NULL);
    epoll_ctl(epfd, EPOLL_CTL_DEL, 999, NULL);
    _exit(5);
}

static int is(const char *way, const char *name)
{
    return strcmp(way, name) == 0;
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "", *program = argc > 2 ? argv[2] : "/no/such/program";
    char *arguments[] = {"again", "_exit", NULL}, *nothing[] = {NULL};
    if (is(way, "facts"))
        print_facts();
    if (is(way, "sandbox"))
        make_mistake_in_sandbox();
    make_mistake();
    if (is(way, "_exit"))
        _exit(5);
    if (is(way, "abort"))
        abort();
    if (is(way, "SYS_exit"))
        syscall(SYS_exit, 5);
    if (is(way, "kill"))
        raise(SIGKILL);
    if (is(way, "pending"))
        make_pending_mistake(), raise(SIGKILL);
    if (is(way, "term"))
        kill(getpid(), SIGTERM);
    if (is(way, "crash"))
        raise(SIGSEGV);
    if (is(way, "execv"))
        execv(program, arguments);
    if (is(way, "execvp"))
        execvp(program, arguments);
    if (is(way, "execve"))
        execve(program, arguments, nothing);
    if (is(way, "execl"))
        execl(program, "again", "_exit", NULL);
    if (is(way, "execlp"))
        execlp(program, "again", "_exit", NULL);
    if (is(way, "execle"))
        execle(program, "again", "_exit", NULL, environ);
    if (is(way, "fexecve"))
        fexecve(open(program, O_RDONLY | O_CLOEXEC), arguments, environ);
    if (is(way, "execveat"))
        syscall(SYS_execveat, AT_FDCWD, program, arguments, environ, 0);
    if (is(way, "vfork"))
        vfork_and_execute(program);
    if (is(way, "spawn")) {
        pid_t child;
        posix_spawn(&child, program, NULL, NULL, arguments, environ);
        reap();
    }
    if (is(way, "system"))
        system(program);
    if (is(way, "workers"))
        make_workers();
    if (is(way, "daemon"))
        become_daemon();
    if (is(way, "all children")) { /* as strace and debuggers do */
        int status, child = fork(), ended = 0;
        if (child == 0)
            _exit(3);
        /* What a thread does meanwhile. */
        pthread_t thread;
        pthread_create(&thread, NULL, make_mistakes, NULL);
        while (waitpid(-1, &status, __WALL) > 0)
            ended++;
        printf("ended %d, errno %d\n", ended, errno);
        ended = waitid(P_ALL, 0, NULL, WEXITED | __WALL);
        printf("waitid %d, errno %d\n", ended, errno);
        pthread_join(thread, NULL);
    }
    if (is(way, "bad")) { /* what execve is given is the kernel's to look at */
        execve((char *)8, arguments, nothing);
        printf("errno %d\n", errno);
    }
    return 5;
}
