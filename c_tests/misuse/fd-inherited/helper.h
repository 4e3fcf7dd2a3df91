/* A server that starts a helper program while it has a connection, answers, and closes that. */
#ifndef HELPER_H
#define HELPER_H

#include "../loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#ifndef RIGHT
enum { ACCEPTED = SOCK_NONBLOCK };
#else
enum { ACCEPTED = SOCK_NONBLOCK | SOCK_CLOEXEC };
#endif

/* Reads the answer. Whether the end of it comes. */
static inline bool is_told(int client)
{
    char text[16];
    struct pollfd end = {.fd = client, .events = POLLIN};
    if (MUST(read(client, text, sizeof(text))) == 0)
        return true;
    return MUST(poll(&end, 1, IS_MISUSE ? 3000 : 20000)) == 1 &&
           MUST(read(client, text, sizeof(text))) == 0;
}

/* `start` returns the helper's process, `hang_up` closes the connection. */
static inline int serve_one(pid_t (*start)(void), void (*hang_up)(int epfd, int fd))
{
    struct sockaddr_in address;
    char request[16];
    int listener = listen_on_loopback(SOCK_CLOEXEC, &address), client = connect_to(&address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int fd = MUST(accept4(listener, NULL, NULL, ACCEPTED));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd}, event;
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    tell(client, "request");
    while (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
        ;
    MUST(read(fd, request, sizeof(request)));
    pid_t helper = start();
    tell(fd, "answer");
    hang_up(epfd, fd);
    bool told = is_told(client);
    MUST(kill(helper, SIGKILL));
    while (waitpid(helper, NULL, 0) == -1 && errno == EINTR)
        ;
    MUST(close(client));
    MUST(close(listener));
    MUST(close(epfd));
    return report(!told, "the end of the answer came: %s", told ? "yes" : "no");
}

#endif
