/* A library duplicates a descriptor, registers the duplicate, and drops it when it is done, without deleting the
 * registration, which lives on with the original. The next duplicate has the same number: EEXIST, and whoever asked
 * gives up.
 *
 * Right: the registration is deleted before the duplicate is dropped.
 *
 * expect: ctl-error
 * after: https://github.com/tokio-rs/tokio-core/issues/172
 * shows: error
 */
#include "../misuse/loop.h"

struct task {
    int fd;
    bool is_registered;
};

static struct task spawn(int epfd, int original)
{
    struct task task = {.fd = MUST(dup(original))};
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = task.fd};
    task.is_registered = epoll_ctl(epfd, EPOLL_CTL_ADD, task.fd, &interest) == 0; /* finding */
    return task;
}

static void drop(int epfd, struct task task)
{
#ifdef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, task.fd, NULL));
#endif
    MUST(close(task.fd));
    (void)epfd;
}

int main(void)
{
    int original, peer, answered = 0, cancelled = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&original, &peer);
    for (int i = 0; i < 5; i++) {
        struct epoll_event event;
        char buffer[16];
        struct task task = spawn(epfd, original);
        cancelled += !task.is_registered;
        tell(peer, "work");
        if (task.is_registered && DELIVERED(epoll_wait(epfd, &event, 1, 300)) == 1) {
            while (read(task.fd, buffer, sizeof(buffer)) > 0)
                answered++;
        }
        drop(epfd, task);
    }
    sleep_until(in_ms(500));

    MUST(close(original));
    MUST(close(peer));
    MUST(close(epfd));
    return report(answered != 5, "answered %d of 5, cancelled %d", answered, cancelled);
}
