/* To have a new connection noticed, a byte is written to a pipe in the epoll, and nobody ever reads it: from the
 * first connection on the pipe is ready, and every wait returns at once.
 *
 * Right: there is no pipe. A thread may add a descriptor while another waits, and the wait notices it.
 *
 * expect: level-spin
 * after: https://github.com/xapi-project/xenopsd/pull/391
 * shows: spins
 */
#include "../misuse/loop.h"

#include <pthread.h>

struct monitor {
    int epfd, wakeup[2], added;
    long wakeups, messages;
};

static void *run(void *argument)
{
    struct monitor *m = argument;
    for (int64_t end = in_ms(2200); ms_until(end) > 0;) {
        struct epoll_event event;
        char message[16];
        if (DELIVERED(epoll_wait(m->epfd, &event, 1, 500)) == 0) /* finding */
            continue;
        if (event.data.fd == m->wakeup[0])
            m->wakeups++;
        else if (MUST(read(event.data.fd, message, sizeof(message))) > 0)
            m->messages++;
    }
    return NULL;
}

static void add(struct monitor *m, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(m->epfd, EPOLL_CTL_ADD, fd, &interest));
#ifndef RIGHT
    MUST(write(m->wakeup[1], "w", 1));
#endif
}

int main(void)
{
    int fd, peer;
    pthread_t thread;
    struct monitor m = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), .wakeup = {-1, -1}};
#ifndef RIGHT
    MUST(pipe2(m.wakeup, O_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = m.wakeup[0]};
    MUST(epoll_ctl(m.epfd, EPOLL_CTL_ADD, m.wakeup[0], &interest));
#endif
    if (pthread_create(&thread, NULL, run, &m) != 0)
        exit(1);
    sleep_until(in_ms(50));
    connect_pair(&fd, &peer);
    add(&m, fd);
    tell(peer, "{\"QMP\": {}}");
    if (pthread_join(thread, NULL) != 0)
        exit(1);

    MUST(close(fd));
    MUST(close(peer));
#ifndef RIGHT
    MUST(close(m.wakeup[0]));
    MUST(close(m.wakeup[1]));
#endif
    MUST(close(m.epfd));
    return report(m.wakeups >= 200 || m.messages != 1, "messages: %ld, wake-ups: %ld", m.messages, m.wakeups);
}
