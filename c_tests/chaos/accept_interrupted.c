/* A server that blocks in accept, and has a handler of SIGWINCH without SA_RESTART, takes EINTR for an error.
 *
 * fault: accept-interrupted
 * verdict: status */
#include "scene.h"

#include <signal.h>

enum { TIMES = 30 };

static volatile sig_atomic_t sizes;

static void resized(int signal)
{
    (void)signal;
    sizes++;
}

/* Connects when it is asked to, again and again, a while later: the server blocks by then, or does not. */
static int connects(const struct sockaddr_in *address)
{
    for (int time = 0; time < TIMES; time++) {
        int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        MUST(connect(fd, (const struct sockaddr *)address, sizeof *address));
        char byte;
        take(fd, &byte, 1);
        usleep(2000);
        close(fd);
    }
    return 0;
}

int main(void)
{
    struct sockaddr_in address;
    struct sigaction action = {.sa_handler = resized};
    MUST(sigaction(SIGWINCH, &action, NULL));
    pid_t process;
    int listener = listens(&address);
    MUST(fcntl(listener, F_SETFL, 0));
    int epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    int end = start_client(connects, &address, &process);
    add(epoll, listener, EPOLLIN, NULL);
    for (int time = 0; time < TIMES; time++) {
        int before = sizes, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        (void)before;
#ifdef RIGHT
        if (fd < 0 && errno == EINTR && sizes == before)
            return 3; /* by nothing */
        while (fd < 0 && (errno == EINTR || errno == ECONNABORTED || errno == EPROTO))
            fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
#else
        while (fd < 0 && (errno == ECONNABORTED || errno == EPROTO))
            fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
#endif
        MUST(fd);
        close(fd);
    }
    (void)end;
    return status_of(process);
}
