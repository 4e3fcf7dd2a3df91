/* A load generator leaves in the middle of an answer. Its reset is first read, as an error; then the rest of the
 * answer, which had waited for room, is written, and SIGPIPE is at its default: the server quits silently.
 *
 * Right: SIGPIPE is ignored, and writev returns EPIPE.
 *
 * expect: sigpipe
 * after: https://github.com/h2o/h2o/issues/17
 * shows: error
 * exits: 0
 */
#include "../misuse/loop.h"

#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char page[8 << 20];

/* Writes until there is no room. Returns whether it goes on. */
static bool write_pending(int fd, size_t *written)
{
    while (*written < sizeof(page)) {
        struct iovec rest = {.iov_base = page + *written, .iov_len = sizeof(page) - *written};
        ssize_t size = writev(fd, &rest, 1); /* finding */
        if (size == -1)
            return errno == EAGAIN;
        *written += (size_t)size;
    }
    return false;
}

static void serve(int fd)
{
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};
    size_t written = 0;
    bool is_asked = false;
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    for (bool goes_on = true; goes_on;) {
        char request[64];
        if (DELIVERED(epoll_wait(epfd, &event, 1, 2000)) == 0)
            break;
        if (event.events & EPOLLIN && read(fd, request, sizeof(request)) > 0)
            is_asked = true;
        if (is_asked)
            goes_on = write_pending(fd, &written);
        interest.events = EPOLLIN | EPOLLOUT;
        if (goes_on)
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
    }
    MUST(close(epfd));
}

int main(void)
{
#ifdef RIGHT
    signal(SIGPIPE, SIG_IGN);
#endif
    struct sockaddr_in address;
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int listener = listen_on_loopback(0, &address), client = connect_to(&address), status;
    pid_t server = MUST(fork());
    if (server == 0) {
        MUST(close(client));
        serve(MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)));
        _exit(0);
    }
    tell(client, "GET /hessian-serialization.html");
    sleep_until(in_ms(300));
    MUST(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
    MUST(close(client));
    MUST(waitpid(server, &status, 0));
    MUST(close(listener));
    bool is_ended = WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE;
    return report(is_ended || (!IS_MISUSE && status != 0), "the server was ended by SIGPIPE: %d", is_ended);
}
