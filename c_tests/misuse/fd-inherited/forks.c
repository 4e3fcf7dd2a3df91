/* A server that starts a program with fork and exec. Its connections are not close-on-exec: the program has
 * them too, and when the server closes one the client is not told.
 *
 * Right: accept4 with SOCK_CLOEXEC.
 *
 * expect: fd-inherited
 * after: https://github.com/stephane/libmodbus/pull/434
 * shows: hangs
 */
#include "helper.h"

static pid_t start(void)
{
    pid_t helper = MUST(fork());
    if (helper == 0) {
        execlp("sleep", "sleep", "60", (char *)NULL);
        _exit(127);
    }
    return helper;
}

static void hang_up(int epfd, int fd)
{
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd)); /* finding */
}

int main(void)
{
    return serve_one(start, hang_up);
}
