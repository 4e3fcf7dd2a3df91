/* A thread's event loop ends at any failure of its wait. A signal, here one that a debugger might have sent, makes
 * the wait fail with EINTR: the thread ends, and its messages are never read.
 *
 * Right: after EINTR it waits again.
 *
 * expect: nothing
 * after: https://github.com/Spirent/openperf/pull/475
 * shows: loses
 */
#include "../misuse/loop.h"

#include <pthread.h>
#include <signal.h>

struct loop {
    int epfd, fd;
    int messages;
};

static void handle(int number)
{
    (void)number;
}

static void *run(void *argument)
{
    struct loop *l = argument;
    int64_t end = in_ms(2500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char message;
        int count = epoll_wait(l->epfd, &event, 1, ms); /* finding */
#ifndef RIGHT
        if (count == -1)
            break;
#else
        if (count == -1 && errno != EINTR)
            break;
#endif
        if (count > 0)
            l->messages += MUST(read(l->fd, &message, 1));
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;
    int peer;
    struct loop l = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    struct sigaction action = {.sa_handler = handle};
    MUST(sigaction(SIGUSR1, &action, NULL));
    connect_pair(&l.fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = l.fd};
    MUST(epoll_ctl(l.epfd, EPOLL_CTL_ADD, l.fd, &interest));
    if (pthread_create(&thread, NULL, run, &l) != 0)
        exit(1);
    tell(peer, "1");
    sleep_until(in_ms(300));
    if (pthread_kill(thread, SIGUSR1) != 0)
        exit(1);
    sleep_until(in_ms(200));
    tell(peer, "2");
    sleep_until(in_ms(2500));
    if (pthread_join(thread, NULL) != 0)
        exit(1);
    MUST(close(l.fd));
    MUST(close(peer));
    MUST(close(l.epfd));
    return report(l.messages < 2, "read %d of 2 messages", l.messages);
}
