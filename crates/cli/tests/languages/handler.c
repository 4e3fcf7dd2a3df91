/* A call of epoll_ctl that fails in a signal handler: on the thread's own stack, or on one for handlers. */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>

static int epfd, fd;
static char memory[64 << 10];

static void on_signal(int number)
{
    (void)number;
    epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
}

int make(void);
int handle(int with_epoll, int with, int is_elsewhere);
int fails(int with_epoll, int with);

int make(void)
{
    return epoll_create1(0);
}

int handle(int with_epoll, int with, int is_elsewhere)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = is_elsewhere ? SA_ONSTACK : 0};
    stack_t alternate = {.ss_sp = memory, .ss_size = sizeof memory}, before;
    epfd = with_epoll;
    fd = with;
    sigaltstack(&alternate, &before);
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    return sigaltstack(&before, NULL);
}

/* The same outside of a handler. */
int fails(int with_epoll, int with)
{
    return epoll_ctl(with_epoll, EPOLL_CTL_DEL, with, NULL);
}
