/* A server that starts a program with posix_spawn. Its connections are not close-on-exec: the program has
 * them too, and when the server closes one the client is not told.
 *
 * Right: accept4 with SOCK_CLOEXEC.
 *
 * expect: fd-inherited
 * after: https://github.com/dotnet/corefx/issues/16180
 * shows: hangs
 */
#include "helper.h"

#include <spawn.h>

static pid_t start(void)
{
    pid_t helper;
    char *arguments[] = {"sleep", "60", NULL}, *environment[] = {NULL};
    if (posix_spawnp(&helper, "sleep", NULL, NULL, arguments, environment) != 0)
        exit(1);
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
