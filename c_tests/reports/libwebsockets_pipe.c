/* For each client that it accepts the loop writes a byte to its own pipe, and reads ten of them when the pipe is
 * reported. With many clients at once the pipe is full some day, and the loop sleeps in write: only the loop itself
 * could read.
 *
 * Right: the pipe does not block, and a full pipe says enough.
 *
 * expect: loop-stall
 * after: https://github.com/warmcat/libwebsockets/issues/1233
 * shows: blocks
 */
#include "../misuse/loop.h"

#include <pthread.h>
#include <sys/un.h>

enum { BATCH = 64, ROUNDS = 100, PAGE = 4096 };

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int listen_here(void)
{
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    socklen_t size = sizeof(address);
    MUST(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)));
    MUST(getsockname(fd, (struct sockaddr *)&address, &size));
    MUST(listen(fd, BATCH));
    return fd;
}

/* Clients that come and go. */
static void visit(void)
{
    for (int i = 0; i < BATCH; i++) {
        int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        MUST(connect(fd, (struct sockaddr *)&address, sizeof(sa_family_t) + 6));
        MUST(close(fd));
    }
}

/* Frees a loop that is stuck, so that this program ends. */
static void *free_stuck(void *argument)
{
    static char buffer[PAGE];
    sleep_until(in_ms(2500));
    if (read(*(int *)argument, buffer, sizeof(buffer)) == -1 && errno != EAGAIN)
        exit(1);
    return NULL;
}

int main(void)
{
    int wake[2], listener = listen_here(), epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), accepted = 0;
    int64_t longest = 0;
    pthread_t thread;
#ifndef RIGHT
    MUST(pipe2(wake, O_CLOEXEC));
#else
    MUST(pipe2(wake, O_CLOEXEC | O_NONBLOCK));
#endif
    MUST(fcntl(wake[1], F_SETPIPE_SZ, PAGE));
    if (pthread_create(&thread, NULL, free_stuck, &wake[0]) != 0)
        exit(1);
    int all[] = {listener, wake[0]};
    for (int i = 0; i < 2; i++) {
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = all[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, all[i], &interest));
    }

    for (int round = 0; round < ROUNDS; round++) {
        struct epoll_event events[2];
        char few[10];
        visit();
        int count = DELIVERED(epoll_wait(epfd, events, 2, 1000));
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == wake[0]) {
                if (read(wake[0], few, sizeof(few)) == -1 && errno != EAGAIN)
                    exit(1);
                continue;
            }
            for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
                int64_t start = now_ns();
                if (write(wake[1], "", 1) == -1 && errno != EAGAIN) /* finding */
                    exit(1);
                if (now_ns() - start > longest)
                    longest = now_ns() - start;
                MUST(close(fd));
                accepted++;
            }
        }
    }

    if (pthread_join(thread, NULL) != 0)
        exit(1);
    MUST(close(listener));
    MUST(close(wake[0]));
    MUST(close(wake[1]));
    MUST(close(epfd));
    return report(longest > 500000000 || accepted != BATCH * ROUNDS, "accepted %d, the longest write took %d ms",
                  accepted, (int)(longest / 1000000));
}
