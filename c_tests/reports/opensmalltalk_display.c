/* A forked child forgets the display that it has inherited: it disables asynchronous I/O for the connection, which
 * takes it out of the epoll that it shares with its parent. The parent is told of no key any more.
 *
 * Right: the child closes its descriptor of the epoll.
 *
 * expect: nothing
 * after: https://github.com/OpenSmalltalk/opensmalltalk-vm/pull/550
 * shows: loses
 */
#include "../misuse/loop.h"

#include <sys/wait.h>

/* What the child does with the display of its parent. */
static void forget_display(int epfd, int display)
{
#ifndef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, display, NULL)); /* finding */
#else
    MUST(close(epfd));
#endif
    MUST(close(display));
}

int main(void)
{
    int display, server, epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), keys = 0, status;
    connect_pair(&display, &server);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = display};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, display, &interest));

    int64_t end = in_ms(3000);
    pid_t child = -1;
    tell(server, "k");
    for (int ms; (ms = ms_until(end)) > 0 && keys < 4;) {
        char key;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        MUST(read(display, &key, 1));
        keys++;
        if (child == -1) {
            child = MUST(fork());
            if (child == 0) {
                forget_display(epfd, display);
                sleep_until(in_ms(1500));
                _exit(0);
            }
            sleep_until(in_ms(300));
            tell(server, "kkk");
        }
    }

    MUST(waitpid(child, &status, 0));
    MUST(close(display));
    MUST(close(server));
    MUST(close(epfd));
    return report(keys < 4, "%d of 4 keys", keys);
}
