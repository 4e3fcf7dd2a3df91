/* A TLS library reads one record at a time. Two came before the wait, the socket is edge-triggered, and the library
 * says that nothing is pending: it means in the record that it has read. The second is handled when a third comes.
 *
 * Right: it is asked for records until the socket has none.
 *
 * expect: edge-not-drained
 * after: https://github.com/inspircd/inspircd/issues/1848
 * shows: hangs
 */
#include "../misuse/loop.h"

struct session {
    int fd, messages;
};

/* Reads one record, a length and as many bytes. Returns whether there was one. */
static bool receive_record(struct session *s)
{
    unsigned char length;
    char record[64];
    ssize_t size = recv(s->fd, &length, 1, 0);
    if (size == -1 && errno == EAGAIN)
        return false;
    if (MUST(size) == 0 || MUST(recv(s->fd, record, length, 0)) != length) /* finding */
        return false;
    s->messages++;
    return true;
}

int main(void)
{
    int peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct session session = {.messages = 0};
    connect_pair(&session.fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLET, .data.ptr = &session};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, session.fd, &interest));
    tell(peer, "\004PING\004PONG");

    int64_t end = in_ms(2800);
    for (int ms; (ms = ms_until(end)) > 0 && session.messages < 2;) {
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        struct session *s = event.data.ptr;
#ifndef RIGHT
        receive_record(s);
#else
        while (receive_record(s))
            ;
#endif
    }

    MUST(close(session.fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(session.messages != 2, "messages: %d of 2", session.messages);
}
