/* A client asks for EPOLLOUT to learn when it is connected, and leaves it on: from then until the server's answer
 * comes every wait returns at once.
 *
 * Right: once it is connected, and has nothing to write, it asks for EPOLLIN alone.
 *
 * expect: level-spin
 * after: https://github.com/obgm/libcoap/pull/551
 * shows: spins
 */
#include "../misuse/loop.h"

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    bool is_connected = false;
    long useless = 0, answers = 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1 && errno != EINPROGRESS)
        exit(1);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    int peer = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC));

    int64_t end = in_ms(2200), answer = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char buffer[16];
        if (answer != 0 && ms_until(answer) == 0) {
            tell(peer, "2.05 Content");
            answer = 0;
        }
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms > 50 ? 50 : ms)) == 0) /* finding */
            continue;
        if (event.events & EPOLLOUT && !is_connected) {
            int error;
            socklen_t size = sizeof(error);
            MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
            MUST(send(fd, "GET", 3, MSG_NOSIGNAL));
            is_connected = true;
#ifdef RIGHT
            interest.events = EPOLLIN;
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
#endif
        } else if (event.events & EPOLLIN && MUST(read(fd, buffer, sizeof(buffer))) > 0) {
            answers++;
        } else {
            useless++;
        }
    }

    MUST(close(fd));
    MUST(close(peer));
    MUST(close(listener));
    MUST(close(epfd));
    return report(useless >= 200 || answers != 1, "answers: %ld, deliveries of which nothing came: %ld", answers,
                  useless);
}
