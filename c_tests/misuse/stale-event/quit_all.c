/* A server whose clients can end each other. One wait returns the events of two clients; the first says
 * "quit", its handler closes both, and the event of the second is served all the same.
 *
 * Right: what is closed is marked, and the rest of its events are skipped.
 *
 * expect: stale-event
 * after: https://github.com/redis/redis/issues/4877
 * shows: error
 */
#include "../loop.h"

enum { CLIENTS = 2 };

static int ours[CLIENTS], peers[CLIENTS];
static bool closed[CLIENTS];

static void close_all(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        MUST(close(ours[i]));
        closed[i] = true;
    }
}

/* Returns whether it failed. */
static bool serve(int client)
{
    char text[8];
#ifdef RIGHT
    if (closed[client])
        return false;
#endif
    ssize_t size = read(ours[client], text, sizeof(text)); /* finding */
    if (size > 0 && text[0] == 'q')
        close_all();
    return size == -1;
}

int main(void)
{
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), failed = 0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        connect_pair(&ours[i], &peers[i]);
        struct epoll_event interest = {.events = EPOLLIN, .data.u32 = i};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, ours[i], &interest));
        tell(peers[i], "quit");
    }
    while (!closed[0]) {
        struct epoll_event events[CLIENTS];
        int count = DELIVERED(epoll_wait(epfd, events, CLIENTS, -1));
        for (int i = 0; i < count; i++)
            failed += serve((int)events[i].data.u32);
    }
    for (int i = 0; i < CLIENTS; i++)
        MUST(close(peers[i]));
    MUST(close(epfd));
    return report(failed > 0, "%d reads of closed connections", failed);
}
