/* A listener accepts until an error. At RLIMIT_NOFILE that error is EMFILE each time: it writes a warning, and the
 * listener, level-triggered, is reported again at once.
 *
 * Right: after EMFILE the listener is not asked for for 100 ms.
 *
 * expect: accept-spin
 * after: https://github.com/krylosov-aa/pg-status/issues/32
 * shows: spins
 */
#include "../misuse/accept-spin/crowd.h"

int main(void)
{
    struct sockaddr_in address;
    int clients[CLIENTS], connections[CLIENTS], accepted = 0;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int64_t resume = 0; /* when the listener is asked for again; 0: it is */
    long warnings = 0;
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    connect_crowd(&address, clients);
    struct rlimit before = leave_one_descriptor();

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (resume != 0 && ms_until(resume) == 0) {
            interest.events = EPOLLIN;
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, listener, &interest));
            resume = 0;
        }
        if (resume != 0 && ms > ms_until(resume))
            ms = ms_until(resume);
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
        int fd;
        while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
            connections[accepted++] = fd;
        if (errno == EAGAIN)
            continue;
        warnings++;
#ifdef RIGHT
        interest.events = 0;
        MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, listener, &interest));
        resume = in_ms(100);
#endif
    }

    for (int i = 0; i < accepted; i++)
        MUST(close(connections[i]));
    MUST(close(listener));
    MUST(close(epfd));
    close_crowd(&before, clients);
    return report(IS_MISUSE ? warnings >= 200 : accepted != 1 || warnings > 25, "accepted %d of %d, warnings: %ld",
                  accepted, CLIENTS, warnings);
}
