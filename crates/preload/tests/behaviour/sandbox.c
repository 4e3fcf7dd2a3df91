/*
 * A program that sandboxes itself: from then on it makes only the calls below, and the kernel does to any
 * other call what argv[2] says: kill, trap or errno. argv[1]: how the sandbox is entered. argv[3], if it is
 * "mute": write(2) passes to standard output only. It writes what each call returned, and makes mistakes, for
 * the checker.
 *
 * "exec": it enters the sandbox, one that lets pass all calls but those of argv[3], and executes argv[4] on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 3000 };
static int epfd, fds[MOST];
static unsigned long results;
static char line[128];
static int is_mute;

static void say(const char *what)
{
    int size = snprintf(line, sizeof line, "%s %lu\n", what, results);
    if (write(STDOUT_FILENO, line, (size_t)size) != size)
        _exit(4);
    if (!is_mute && write(STDERR_FILENO, "own line\n", 9) != 9)
        _exit(4);
}

static void got(long result)
{
    results = results * 31 + (unsigned long)(result < 0 ? -errno : result);
}

static unsigned action_of(const char *name)
{
    if (strcmp(name, "kill") == 0)
        return SECCOMP_RET_KILL_PROCESS;
    if (strcmp(name, "trap") == 0)
        return SECCOMP_RET_TRAP;
    return SECCOMP_RET_ERRNO | (strcmp(name, "errno") == 0 ? EPERM : ENOSYS);
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Goes on where it is the value, else skips some. */
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))

static int install(const char *how, struct sock_filter *filter, unsigned length)
{
    struct sock_fprog program = {(unsigned short)length, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(3);
    if (strcmp(how, "seccomp") == 0)
        return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    if (strcmp(how, "tsync") == 0)
        return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (strcmp(how, "by-number") == 0)
        return (int)syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

/* Lets these calls pass, and write(2) to 1, or to 1 and 2. */
static void confine(const char *how, const char *what)
{
    static const unsigned own[] = {SYS_epoll_ctl, SYS_read, SYS_close, SYS_exit, SYS_exit_group, SYS_dup,
                                   SYS_rt_sigreturn, SYS_epoll_pwait, SYS_restart_syscall,
#ifdef SYS_epoll_wait
                                   SYS_epoll_wait,
#endif
    };
    static const unsigned of_fork[] = {SYS_clone, SYS_wait4, SYS_set_robust_list, SYS_rseq};
    static struct sock_filter filter[64];
    unsigned end = 0;
    filter[end++] = (struct sock_filter)LOAD(nr);
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++) {
        filter[end++] = (struct sock_filter)UNLESS(own[i], 1);
        filter[end++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    }
    for (unsigned i = 0; strcmp(how, "fork") == 0 && i < sizeof of_fork / sizeof *of_fork; i++) {
        filter[end++] = (struct sock_filter)UNLESS(of_fork[i], 1);
        filter[end++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    }
    filter[end++] = (struct sock_filter)UNLESS(SYS_write, 5);
    filter[end++] = (struct sock_filter)LOAD(args[0]);
    filter[end++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, MOST + 16, 3, 0);
    filter[end++] = (struct sock_filter)UNLESS(is_mute ? STDERR_FILENO : MOST + 17, 1);
    filter[end++] = (struct sock_filter)RETURN(action_of(what));
    filter[end++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    filter[end++] = (struct sock_filter)RETURN(action_of(what));
    if (install(how, filter, end) != 0)
        _exit(3);
}

static void use_epoll(int from, int to)
{
    struct epoll_event event = {.events = EPOLLIN}, events[16];
    for (int i = from; i < to; i++) {
        event.data.fd = fds[i];
        got(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &event));
        if (i % 8 == 0)
            got(epoll_wait(epfd, events, 16, 0));
    }
    event.events = EPOLLIN | EPOLLET;
    got(epoll_ctl(epfd, EPOLL_CTL_MOD, fds[from], &event));
    got(write(fds[from], "12345678", 8));
    got(epoll_wait(epfd, events, 16, 10));
    got(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[from + 1], &event)); /* EEXIST */
    int fd = dup(fds[from + 1]);
    got(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event));
    got(close(fd)); /* and it stays registered */
    got(epoll_ctl(epfd, EPOLL_CTL_DEL, 9000, NULL)); /* EBADF */
    for (int i = 0; i < 20; i++)
        got(epoll_wait(epfd, events, 16, 5));
    uint64_t value;
    got(read(fds[from], &value, sizeof value));
}

static void *elsewhere(void *unused)
{
    use_epoll(2000, 2200);
    return unused;
}

static void prepare(void)
{
    epfd = epoll_create1(0);
    for (int i = 0; i < MOST; i++)
        fds[i] = eventfd(0, EFD_NONBLOCK);
    use_epoll(0, 100);
    say("before");
}

static int execute(char **argv)
{
    struct sock_filter filter[32] = {LOAD(nr)};
    unsigned end = 1;
    for (char *name = strtok(argv[3], ","); name != NULL; name = strtok(NULL, ",")) {
        filter[end++] = (struct sock_filter)UNLESS((unsigned)atoi(name), 1);
        filter[end++] = (struct sock_filter)RETURN(action_of(argv[2]));
    }
    filter[end++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    if (install("prctl", filter, end) != 0)
        return 3;
    setenv("LD_PRELOAD", getenv("PRELOAD"), 1);
    execv(argv[4], argv + 4);
    return 3;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "none", *what = argc > 2 ? argv[2] : "errno";
    pthread_t thread;
    if (strcmp(how, "exec") == 0)
        return execute(argv);
    is_mute = argc > 3 && strcmp(argv[3], "mute") == 0;
    prepare();
    if (strcmp(how, "refused") == 0) { /* twice: no filter, and a bad one */
        struct sock_filter bad[] = {LOAD(nr)};
        got(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0));
        got(install("prctl", bad, 1));
    } else if (strcmp(how, "strict") == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) != 0)
            return 3;
        uint64_t value = 1;
        got(write(fds[0], &value, sizeof value));
        got(read(fds[0], &value, sizeof value));
        got(read(fds[1], &value, sizeof value));
        say("strict");
        syscall(SYS_exit, 7);
    } else if (strcmp(how, "none") != 0) {
        confine(how, what);
    }
    use_epoll(100, 1500);
    if (strcmp(how, "fork") == 0) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            use_epoll(1600, 1700);
            say("child");
            _exit(5);
        }
        got(waitpid(child, &status, 0) == child);
        got(status);
    }
    if (strcmp(how, "refused") == 0) {
        pthread_create(&thread, NULL, elsewhere, NULL);
        pthread_join(thread, NULL);
    }
    say("after");
    for (int i = 0; i < MOST; i++)
        got(close(fds[i]));
    say("closed");
    return 7;
}
