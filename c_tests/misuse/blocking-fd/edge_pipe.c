/* Registers a pipe edge-triggered and reads it until EAGAIN, but the pipe blocks: there is no
 * EAGAIN, the second read sleeps until the writer writes again, and the loop serves no other client
 * meanwhile.
 *
 * Right: the pipe is made with O_NONBLOCK before it is registered: its reader meets EAGAIN, and the
 * loop goes on with the others.
 *
 * expect: blocking-fd
 * after: https://github.com/Yelp/Testify/pull/139
 * pitfall: forgetting O_NONBLOCK
 * shows: blocks
 */
#include "client.h"

int main(void)
{
    int pipes[2], fd, open = 2, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct client client = {.patience_ms = IS_MISUSE ? 300 : 5000};
#ifndef RIGHT
    MUST(pipe2(pipes, O_CLOEXEC));
#else
    MUST(pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
#endif
    connect_pair(&fd, &client.peer);
    client.writer = pipes[1];
    struct epoll_event input = {.events = EPOLLIN | EPOLLET, .data.fd = pipes[0]};
    struct epoll_event request = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes[0], &input));
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &request));
    pthread_t thread = start_client(write_then_ask, &client);

    while (open > 0) {
        struct epoll_event events[2];
        int count = DELIVERED(epoll_wait(epfd, events, 2, -1));
        for (int i = 0; i < count; i++) {
            char buffer[64];
            ssize_t size;
            while ((size = read(events[i].data.fd, buffer, sizeof(buffer))) > 0) /* finding */
                if (events[i].data.fd == fd)
                    tell(fd, "answer");
            if (size == 0) {
                MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, events[i].data.fd, NULL));
                MUST(close(events[i].data.fd));
                open--;
            }
        }
    }

    pthread_join(thread, NULL);
    MUST(close(epfd));
    return report(!client.answered, "answered in time: %d of 1", client.answered);
}
