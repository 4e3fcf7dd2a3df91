/* Whatever is reported, the pipe is read; at its end the registration and the descriptor go.
 *
 * expect: nothing
 */
#include "../loop.h"

int main(void)
{
    int pipes[2], epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long received = 0, useless = 0;
    bool open = true;
    MUST(pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
    MUST(write(pipes[1], "hello", 5));
    MUST(close(pipes[1]));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = pipes[0]};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes[0], &interest));

    int64_t end = in_ms(2000);
    for (int ms; open && (ms = ms_until(end)) > 0;) {
        struct epoll_event events[8];
        int count = DELIVERED(epoll_wait(epfd, events, 8, ms));
        for (int i = 0; i < count; i++) {
            char buffer[64];
            ssize_t size = read(events[i].data.fd, buffer, sizeof(buffer));
            if (size > 0) {
                received += size;
            } else if (size == 0) {
                MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, events[i].data.fd, NULL));
                MUST(close(events[i].data.fd));
                open = false;
            } else {
                useless++;
            }
        }
    }

    MUST(close(epfd));
    return report(open || useless > 0, "received %ld of 5, deliveries without progress: %ld",
                  received, useless);
}
