/* A client that connects without blocking and registers for input only. Its protocol has the client
 * speak first: the connection is made, nothing tells it, and both wait.
 *
 * Right: asks for EPOLLOUT too, asks SO_ERROR when it comes, and greets.
 *
 * expect: connect-unfinished
 * after: https://github.com/brazilofmux/tinymux/issues/942
 * shows: hangs
 */
#include "../loop.h"

#include <sys/socket.h>

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(SOCK_CLOEXEC, &address);
    int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1 && errno != EINPROGRESS) /* finding */
        exit(1);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
#ifdef RIGHT
    interest.events |= EPOLLOUT;
#endif
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    int peer = MUST(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));

    char greeting[8], answer[8];
    bool answered = false;
    int64_t end = in_ms(IS_MISUSE ? 3500 : 20000);
    while (!answered && ms_until(end) > 0) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, IS_MISUSE ? ms_until(end) : 100)) == 0)
            continue;
#ifdef RIGHT
        if ((event.events & EPOLLOUT) && (interest.events & EPOLLOUT)) {
            int error;
            socklen_t size = sizeof(error);
            MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
            if (error != 0)
                exit(1);
            tell(fd, "hello");
            interest.events = EPOLLIN;
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
        }
#endif
        if (recv(peer, greeting, sizeof(greeting), 0) > 0)
            tell(peer, "welcome");
        if (event.events & EPOLLIN)
            answered = read(fd, answer, sizeof(answer)) > 0;
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(listener));
    MUST(close(epfd));
    return report(!answered, "answered: %s", answered ? "yes" : "no");
}
