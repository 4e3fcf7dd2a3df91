/* Sends a large answer over a socket that blocks, to a client that does not read yet: the loop
 * sleeps in send until the client reads, and the client reads when it has another answer.
 *
 * expect: blocking-fd
 * after: https://github.com/lalinsky/zio/issues/391
 * shows: blocks
 */
#include "large.h"

int main(void)
{
    int large, small, open = 2, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct client client = {.patience_ms = 2000};
    connect_pair(&large, &client.writer);
    connect_pair(&small, &client.peer);
    MUST(fcntl(large, F_SETFL, 0));
    struct epoll_event first = {.events = EPOLLIN, .data.fd = large};
    struct epoll_event second = {.events = EPOLLIN, .data.fd = small};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, large, &first));
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, small, &second));
    pthread_t thread = start_client(ask_for_both, &client);

    while (open > 0) {
        struct epoll_event events[2];
        int count = DELIVERED(epoll_wait(epfd, events, 2, -1));
        for (int i = 0; i < count; i++) {
            char request;
            int fd = events[i].data.fd;
            if (MUST(read(fd, &request, 1)) == 1) {
                MUST(send(fd, large_answer, fd == large ? LARGE : 1, MSG_NOSIGNAL)); /* finding */
            } else {
                MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
                MUST(close(fd));
                open--;
            }
        }
    }

    pthread_join(thread, NULL);
    MUST(close(epfd));
    return report(!client.answered, "answered in time: %d of 1", client.answered);
}
