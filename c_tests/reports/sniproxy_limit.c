/* A proxy without a free descriptor: accept fails with EMFILE, it writes so into its log, and goes back to a wait
 * that returns at once.
 *
 * Right: after such a failure it does not listen for a while.
 *
 * expect: accept-spin
 * after: https://github.com/dlundquist/sniproxy/issues/89
 * shows: spins
 */
#include "../misuse/accept-spin/crowd.h"

enum { RUN_MS = 2000, PAUSE_MS = 500 };

int main(void)
{
    struct sockaddr_in address;
    int clients[CLIENTS], connections[CLIENTS], accepted = 0;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address), epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long failures = 0;
    int64_t pause = 0; /* until when it does not listen; 0: it listens */
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    connect_crowd(&address, clients);
    struct rlimit before = leave_one_descriptor();

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        if (pause != 0 && ms_until(pause) == 0) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
            pause = 0;
        }
        if (DELIVERED(epoll_wait(epfd, &event, 1, pause != 0 ? ms_until(pause) : ms)) == 0) /* finding */
            continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            connections[accepted++] = fd;
            continue;
        }
        failures++;
#ifdef RIGHT
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
        pause = in_ms(PAUSE_MS);
#endif
    }

    for (int i = 0; i < accepted; i++)
        MUST(close(connections[i]));
    MUST(close(listener));
    MUST(close(epfd));
    close_crowd(&before, clients);
    return report(failures >= 200 || accepted != 1, "accepted %d of %d, failures: %ld", accepted, CLIENTS, failures);
}
