/* An edge-triggered server calls sendfile once a delivery, and waits for the next one though the call has not said that
 * there is no room. The connection was writable before and is so still: no edge comes, and the client never has the
 * rest of the file.
 *
 * Right: sendfile is called until all is sent, or there is no room.
 *
 * expect: nothing
 * after: https://github.com/netty/netty/issues/2823
 * shows: loses
 */
#include "../misuse/loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

enum { SIZE = 1 << 22, CHUNK = 1 << 16 };

static int peer;

static void *take_all(void *unused)
{
    static char text[CHUNK];
    while (read(peer, text, sizeof(text)) > 0)
        ;
    return unused;
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int file = MUST(memfd_create("file", MFD_CLOEXEC));
    off_t sent = 0;
    pthread_t client;
    MUST(ftruncate(file, SIZE));
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        exit(1);
    peer = connect_to(&address);
    int fd = MUST(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    if (pthread_create(&client, NULL, take_all, NULL) != 0)
        exit(1);

    int64_t end = in_ms(IS_MISUSE ? 4000 : 20000);
    for (int ms; sent < SIZE && (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0 || !(event.events & EPOLLOUT))
            continue;
#ifndef RIGHT
        if (sendfile(fd, file, &sent, CHUNK) == -1 && errno != EAGAIN) /* finding */
            exit(1);
#else
        while (sent < SIZE && sendfile(fd, file, &sent, CHUNK) > 0)
            ;
#endif
    }

    MUST(close(fd));
    if (pthread_join(client, NULL) != 0)
        exit(1);
    MUST(close(peer));
    MUST(close(file));
    MUST(close(listener));
    MUST(close(epfd));
    return report(sent < SIZE, "sent %ld of %d bytes", (long)sent, SIZE);
}
