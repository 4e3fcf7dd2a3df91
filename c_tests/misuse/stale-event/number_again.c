/* One wait returns the events of a control connection, of a listener and of a client. The first closes the
 * client, the second accepts a new one, which gets the same number, and the event of the old one is served
 * for the new one: it is read, has sent nothing, and is closed for that.
 *
 * Right: each client has a number that grows, which is in the data too.
 *
 * expect: stale-event
 * after: https://github.com/creytiv/re/pull/266
 * shows: loses
 */
#include "../loop.h"

#include <sys/socket.h>

enum { CONTROL, LISTENER, CLIENT };

static int epfd, listener, control, client = -1;
/* Grows with each client. */
static uint32_t generation;
static int lost;

static void accept_client(void)
{
    client = MUST(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    generation++;
    struct epoll_event interest = {.events = EPOLLIN,
                                   .data.u64 = (uint64_t)generation << 32 | CLIENT};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, client, &interest));
}

static void serve_client(uint64_t data)
{
    char text[8];
#ifdef RIGHT
    if (data >> 32 != generation)
        return;
#endif
    ssize_t size = read(client, text, sizeof(text)); /* finding */
#ifdef RIGHT
    if (size == -1 && errno == EAGAIN)
        return;
#endif
    if (size <= 0) {
        /* An event without data: it must be broken. */
        lost += data >> 32 != generation;
        MUST(close(client));
        client = -1;
    }
}

static void serve(uint64_t data)
{
    char command;
    switch ((uint32_t)data) {
    case CONTROL:
        if (read(control, &command, 1) == 1 && command == 'k')
            MUST(close(client));
        break;
    case LISTENER:
        accept_client();
        break;
    default:
        serve_client(data);
    }
}

static void wait_once(int timeout)
{
    struct epoll_event events[3];
    int count = DELIVERED(epoll_wait(epfd, events, 3, timeout));
    for (int i = 0; i < count; i++)
        serve(events[i].data.u64);
}

int main(void)
{
    struct sockaddr_in address;
    int commander, first, second;
    epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    listener = listen_on_loopback(SOCK_NONBLOCK | SOCK_CLOEXEC, &address);
    connect_pair(&control, &commander);
    struct epoll_event interest = {.events = EPOLLIN, .data.u64 = CONTROL};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, control, &interest));
    interest.data.u64 = LISTENER;
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));

    first = connect_to(&address);
    wait_once(-1);
    tell(first, "hello");
    wait_once(-1);
    /* What is level-triggered is looked at once more, before it is out of the list of what is ready. */
    wait_once(0);
    /* In the order in which they are ready: the command, the new client, and what the old one says. */
    tell(commander, "k");
    second = connect_to(&address);
    tell(first, "more");
    wait_once(-1);

    if (client != -1)
        MUST(close(client));
    MUST(close(first));
    MUST(close(second));
    MUST(close(control));
    MUST(close(commander));
    MUST(close(listener));
    MUST(close(epfd));
    return report(lost > 0, "%d clients were closed for another's event", lost);
}
