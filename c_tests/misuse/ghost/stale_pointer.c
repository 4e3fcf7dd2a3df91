/* Keeps a pointer to its connection in data.ptr, and gives the connection's memory back without
 * deleting the registration. A duplicate keeps the registration alive; the memory soon belongs to
 * another connection, and the old one's events are taken for the new one's. With malloc in place of
 * this pool it would be a use after free.
 *
 * Right: the registration is deleted before the memory that data.ptr points to is given back.
 *
 * expect: ghost
 * after: https://github.com/cloudflare/boringtun/pull/144
 * pitfall: stale pointers in data.ptr
 * shows: error
 */
#include "../loop.h"

enum { MESSAGES = 10 };

struct connection {
    int fd;
    bool used;
    int deliveries;
};

static struct connection pool[1];

static struct connection *open_connection(int epfd, int fd)
{
    struct connection *connection = &pool[0];
    if (connection->used)
        return NULL;
    *connection = (struct connection){.fd = fd, .used = true};
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = connection};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    return connection;
}

static void close_connection(int epfd, struct connection *connection)
{
#ifndef RIGHT
    (void)epfd;
#else
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, connection->fd, NULL));
#endif
    MUST(close(connection->fd)); /* finding */
    connection->used = false;
}

int main(void)
{
    int old_fd, old_peer, fd, peer, wrong = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    char buffer[64];
    connect_pair(&old_fd, &old_peer);
    int log = MUST(fcntl(old_fd, F_DUPFD_CLOEXEC, 0));
    close_connection(epfd, open_connection(epfd, old_fd));

    connect_pair(&fd, &peer);
    struct connection *new = open_connection(epfd, fd);
    for (int i = 0; i < MESSAGES; i++) {
        struct epoll_event event;
        tell(old_peer, "hello");
        if (DELIVERED(epoll_wait(epfd, &event, 1, 100)) == 1) {
            struct connection *connection = event.data.ptr;
            connection->deliveries++;
            if (connection == new && read(connection->fd, buffer, sizeof(buffer)) == -1)
                wrong++;
        }
        /* The log takes the message. */
        MUST(read(log, buffer, sizeof(buffer)));
        DELIVERED(epoll_wait(epfd, &event, 1, 100));
    }

    MUST(close(log));
    MUST(close(old_peer));
#ifndef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
#endif
    close_connection(epfd, new);
    MUST(close(peer));
    MUST(close(epfd));
    return report(wrong > 0, "deliveries taken for another connection's: %d", wrong);
}
