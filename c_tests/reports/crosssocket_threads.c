/* Two threads wait on one epoll, and the socket is level-triggered: while the first has read and has not handed on
 * yet, the second is told of what came since, reads it, and hands it on before. The stream is out of order.
 *
 * Right: one-shot, re-armed when what was read is handed on.
 *
 * expect: shared-level
 * after: https://github.com/winddriver/Delphi-Cross-Socket/issues/11
 * shows: error
 */
#include "../misuse/loop.h"

#include <pthread.h>

enum { CHUNKS = 20 };

static int epfd, fd, handed, wrong;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#ifndef RIGHT
static const uint32_t wanted = EPOLLIN;
#else
static const uint32_t wanted = EPOLLIN | EPOLLONESHOT;
#endif

static void hand_on(unsigned char number)
{
    pthread_mutex_lock(&lock);
    wrong += number != handed;
    handed++;
    pthread_mutex_unlock(&lock);
}

static void *run(void *unused)
{
    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        unsigned char number;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        ssize_t size = recv(fd, &number, 1, 0); /* finding */
        if (size == -1 && errno == EAGAIN)
            continue;
        MUST(size);
        /* Decrypts. What is even takes longer. */
        sleep_until(in_ms(number % 2 == 0 ? 20 : 5));
        hand_on(number);
#ifdef RIGHT
        struct epoll_event interest = {.events = wanted, .data.fd = fd};
        MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
#endif
    }
    return unused;
}

int main(void)
{
    int peer;
    pthread_t threads[2];
    epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = wanted, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, run, NULL) != 0)
            exit(1);
    }
    for (unsigned char number = 0; number < CHUNKS; number++)
        MUST(send(peer, &number, 1, MSG_NOSIGNAL));
    for (int i = 0; i < 2; i++) {
        if (pthread_join(threads[i], NULL) != 0)
            exit(1);
    }

    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(wrong > 0 || handed != CHUNKS, "handed on: %d, out of order: %d", handed, wrong);
}
