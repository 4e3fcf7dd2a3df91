/* A request may take 300 ms in all. Each wait gets what is left of that, and the last answer comes late: the
 * budget is overdrawn, and the next wait, which should be the last, has no end.
 *
 * Right: an overdrawn budget is 0.
 *
 * expect: bad-timeout
 * after: https://github.com/clustershell/clustershell/pull/354
 * shows: hangs
 */
#include "../loop.h"

#include <pthread.h>

enum { BUDGET_MS = 300, RESCUE_MS = 2600 };

/* Answers at once, and then after the end of all patience. */
static void *answer(void *peer)
{
    tell(*(int *)peer, "1");
    sleep_until(in_ms(RESCUE_MS));
    tell(*(int *)peer, "2");
    return NULL;
}

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    pthread_t thread;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    int64_t start = now_ns(), deadline = in_ms(BUDGET_MS);
    if (pthread_create(&thread, NULL, answer, &peer) != 0)
        exit(1);

    for (int rounds = 0;; rounds++) {
        struct epoll_event event;
        char buffer[8];
        int left = (int)((deadline - now_ns()) / 1000000);
#ifdef RIGHT
        left = left < 0 ? 0 : left;
#endif
        if (DELIVERED(epoll_wait(epfd, &event, 1, left)) == 0) /* finding */
            break;
        if (read(fd, buffer, sizeof(buffer)) > 0 && rounds > 0)
            break;
        sleep_until(deadline + 50 * INT64_C(1000000));
    }

    int took = (int)((now_ns() - start) / 1000000);
    if (pthread_join(thread, NULL) != 0)
        exit(1);
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(took > RESCUE_MS / 2, "gave up after %d ms", took);
}
