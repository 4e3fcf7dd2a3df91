/* A server says something to its client every 100 ms. The client is killed: the socket has EPOLLERR and EPOLLHUP,
 * the write ends in SIGPIPE, and that ends the server. It reads nothing, and so does not see the end before.
 *
 * Right: SIGPIPE is ignored.
 *
 * expect: nothing
 * after: https://github.com/libevent/libevent/issues/1398
 * shows: error
 */
#include "../misuse/loop.h"

#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>

static void serve(int fd)
{
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLOUT, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    for (int i = 0; i < 20; i++) {
        struct iovec hello = {.iov_base = "hello from server", .iov_len = 17};
        if (DELIVERED(epoll_wait(epfd, &event, 1, 1000)) > 0 && writev(fd, &hello, 1) == -1) /* finding */
            break;
        sleep_until(in_ms(100));
    }
    MUST(close(epfd));
}

int main(void)
{
#ifdef RIGHT
    signal(SIGPIPE, SIG_IGN);
#endif
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), client = connect_to(&address), status;
    pid_t server = MUST(fork());
    if (server == 0) {
        MUST(close(client));
        serve(MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)));
        _exit(0);
    }
    sleep_until(in_ms(250));
    char hellos[64];
    MUST(recv(client, hellos, sizeof(hellos), MSG_DONTWAIT));
    MUST(close(client));
    MUST(waitpid(server, &status, 0));
    MUST(close(listener));
    bool is_ended = WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE;
    return report(is_ended || (!IS_MISUSE && status != 0), "the server was ended by SIGPIPE: %d", is_ended);
}
