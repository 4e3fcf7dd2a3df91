/* A compositor is told over a socket to start a program. The connection is not close-on-exec: the program has it
 * too, and whoever reads the answer until its end waits until the program ends.
 *
 * Right: the connection is close-on-exec.
 *
 * expect: nothing
 * after: https://github.com/hyprwm/Hyprland/issues/2384
 * shows: hangs
 */
#include "../misuse/loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/un.h>
#include <sys/wait.h>

#ifndef RIGHT
enum { ACCEPTED = 0 };
#else
enum { ACCEPTED = SOCK_CLOEXEC };
#endif

static int listen_at(struct sockaddr_un *address)
{
    socklen_t size = sizeof(*address);
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    /* The kernel chooses an abstract name. */
    MUST(bind(fd, (struct sockaddr *)address, sizeof(sa_family_t)));
    MUST(getsockname(fd, (struct sockaddr *)address, &size));
    MUST(listen(fd, 4));
    return fd;
}

/* Handles one request, and returns the program that was started. */
static pid_t dispatch_exec(int listener)
{
    char request[32];
    int fd = MUST(accept4(listener, NULL, NULL, ACCEPTED));
    MUST(read(fd, request, sizeof(request)));
    pid_t program = MUST(fork());
    if (program == 0) {
        execlp("sleep", "sleep", "60", NULL);
        _exit(127);
    }
    tell(fd, "ok");
    MUST(close(fd)); /* finding */
    return program;
}

int main(void)
{
    struct sockaddr_un address;
    int listener = listen_at(&address), epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int client = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    MUST(connect(client, (struct sockaddr *)&address, sizeof(sa_family_t) + 6));
    tell(client, "dispatch exec sleep");
    while (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
        ;
    pid_t program = dispatch_exec(listener);

    char answer[16];
    struct pollfd end = {.fd = client, .events = POLLIN};
    MUST(recv(client, answer, 2, MSG_WAITALL));
    bool told = MUST(poll(&end, 1, IS_MISUSE ? 3000 : 20000)) == 1;
    MUST(kill(program, SIGKILL));
    while (waitpid(program, NULL, 0) == -1 && errno == EINTR)
        ;
    MUST(close(client));
    MUST(close(listener));
    MUST(close(epfd));
    return report(!told, "the end of the answer came: %d", told);
}
