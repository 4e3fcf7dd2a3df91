/* A thread that waits hands an event to the fiber that waits for it, on another thread, and only then sets the new
 * interest of the descriptor. The fiber has closed it by then: EBADF, and the scheduler throws.
 *
 * Right: the interest is set first.
 *
 * expect: ctl-error
 * after: https://github.com/ccutrer/mordor/issues/3
 * shows: error
 */
#include "../misuse/loop.h"

#include <pthread.h>

struct state {
    int fd;
    int read;
};

/* Reads the request, answers, and is done with the connection. */
static void *fiber(void *argument)
{
    struct state *s = argument;
    char request[16];
    s->read = MUST(read(s->fd, request, sizeof(request)));
    MUST(send(s->fd, "answer", 6, MSG_NOSIGNAL));
    MUST(close(s->fd));
    return NULL;
}

/* Runs the fiber on another thread, which happens to be done before this one goes on. */
static void trigger(struct state *s)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, fiber, s) != 0 || pthread_join(thread, NULL) != 0)
        exit(1);
}

int main(void)
{
    int peer, failed = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct state state = {.read = 0};
    connect_pair(&state.fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLET, .data.ptr = &state};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, state.fd, &interest));
    tell(peer, "request");
    while (DELIVERED(epoll_wait(epfd, &event, 1, 1000)) == 0)
        ;
    struct state *s = event.data.ptr;
#ifndef RIGHT
    trigger(s);
    failed += epoll_ctl(epfd, EPOLL_CTL_DEL, s->fd, NULL) == -1; /* finding */
#else
    failed += epoll_ctl(epfd, EPOLL_CTL_DEL, s->fd, NULL) == -1;
    trigger(s);
#endif

    MUST(close(peer));
    MUST(close(epfd));
    return report(failed > 0 || state.read != 7, "read %d of 7, failed: %d", state.read, failed);
}
