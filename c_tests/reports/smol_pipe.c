/* A reactor registers with EPOLLONESHOT, wakes who waits for input at EPOLLIN, and arms again while somebody waits.
 * The end of a pipe is EPOLLHUP alone: nobody is woken, and each arming delivers it again.
 *
 * Right: EPOLLHUP is input too.
 *
 * expect: level-spin
 * after: https://github.com/smol-rs/smol/issues/131
 * shows: spins
 */
#include "../misuse/loop.h"

enum { RUN_MS = 2500 };

#ifndef RIGHT
enum { READABLE = EPOLLIN };
#else
enum { READABLE = EPOLLIN | EPOLLHUP };
#endif

int main(void)
{
    int ends[2], epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    bool is_waiting = true, is_ended = false;
    long useless = 0;
    MUST(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = ends[0]};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &interest));
    MUST(close(ends[1]));

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0 && !is_ended;) {
        char buffer[16];
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
        if (event.events & READABLE) {
            is_waiting = false;
            is_ended = MUST(read(ends[0], buffer, sizeof(buffer))) == 0;
        } else {
            useless++;
        }
        if (is_waiting)
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, ends[0], &interest));
    }

    MUST(close(ends[0]));
    MUST(close(epfd));
    return report(!is_ended || useless > 200, "deliveries in vain: %ld, ended: %d", useless, is_ended);
}
