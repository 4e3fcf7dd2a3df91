/* A connect that blocks, with a handler of SIGWINCH without SA_RESTART, ends with EINTR, which is taken for an error.
 * It goes on: a second connect waits for it.
 *
 * fault: connect-interrupted
 * verdict: status */
#define OWN_MAIN
#include "server.h"

#include <signal.h>

enum { TIMES = 30 };

static void resized(int signal)
{
    (void)signal;
}

int main(void)
{
    struct sockaddr_in address;
    struct sigaction action = {.sa_handler = resized};
    MUST(sigaction(SIGWINCH, &action, NULL));
    listener = listens(&address);
    epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    add(epoll, listener, EPOLLIN, NULL);
    for (int time = 0; time < TIMES; time++) {
        int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        int made = connect(fd, (struct sockaddr *)&address, sizeof address);
#ifdef RIGHT
        while (made < 0 && errno == EINTR)
            made = connect(fd, (struct sockaddr *)&address, sizeof address);
#endif
        MUST(made);
        for (bool is_accepted = false; !is_accepted;) {
            struct epoll_event event;
            if (epoll_wait(epoll, &event, 1, -1) != 1)
                continue;
            int other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            is_accepted = other >= 0;
            close(other);
        }
        close(fd);
    }
    return 0;
}
