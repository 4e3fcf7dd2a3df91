/* An object with an epoll in it, for each request. Its destructor forgets the epoll.
 *
 * Right: the destructor closes it.
 *
 * expect: epoll-leak
 * after: https://github.com/pika/pika/issues/772
 * shows: error
 */
#include "../loop.h"

#include <sys/eventfd.h>

enum { REQUESTS = 600, REST_MS = 2800 };

struct poller {
    int epfd;
};

static struct poller *make_poller(int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    struct poller *made = malloc(sizeof(*made));
    if (made == NULL)
        exit(1);
    made->epfd = MUST(epoll_create1(EPOLL_CLOEXEC)); /* finding */
    MUST(epoll_ctl(made->epfd, EPOLL_CTL_ADD, fd, &interest));
    return made;
}

static void destroy_poller(struct poller *poller)
{
#ifdef RIGHT
    MUST(close(poller->epfd));
#endif
    free(poller);
}

int main(void)
{
    int highest = 0, counter = MUST(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));

    for (int i = 0; i < REQUESTS; i++) {
        struct epoll_event event;
        struct poller *poller = make_poller(counter);
        highest = poller->epfd > highest ? poller->epfd : highest;
        DELIVERED(epoll_wait(poller->epfd, &event, 1, -1));
        destroy_poller(poller);
    }
    sleep_until(in_ms(REST_MS));

    MUST(close(counter));
    return report(highest > REQUESTS / 2, "the highest descriptor: %d", highest);
}
