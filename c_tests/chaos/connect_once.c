/* A connect of AF_UNIX is made once: EAGAIN, when the queue of the listener is full, is taken for an error.
 *
 * fault: connect-again
 * verdict: status */
#define OWN_MAIN
#include "server.h"

enum { TIMES = 30 };

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "epshim-chaos-%d", (int)getpid());
    listener = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    MUST(bind(listener, (struct sockaddr *)&address, sizeof address));
    MUST(listen(listener, 8));
    epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    add(epoll, listener, EPOLLIN, NULL);
    for (int time = 0; time < TIMES; time++) {
        int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        while (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
#ifdef RIGHT
            if (errno == EAGAIN)
                continue;
#endif
            MUST(-1);
        }
        for (bool is_accepted = false; !is_accepted;) {
            struct epoll_event event;
            if (epoll_wait(epoll, &event, 1, -1) != 1)
                continue;
            int other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            is_accepted = other >= 0 || errno == EPROTO;
            close(other);
        }
        close(fd);
    }
    return 0;
}
