/* A daemon forks a worker, which frees the event loop that it has inherited, and takes the sources of it out of the
 * epoll first. The epoll is the daemon's too: the daemon is not told of changed files any more.
 *
 * Right: the worker closes its descriptors, and leaves the epoll alone.
 *
 * expect: nothing
 * after: https://github.com/systemd/systemd/pull/72
 * shows: loses
 */
#include "../misuse/loop.h"

#include <sys/inotify.h>
#include <sys/wait.h>

static void free_loop(int epfd, int watcher)
{
#ifndef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, watcher, NULL)); /* finding */
#endif
    MUST(close(watcher));
    MUST(close(epfd));
}

int main(void)
{
    char folder[] = "/tmp/epshim-watched-XXXXXX", file[64];
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), changes = 0, status;
    int watcher = MUST(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (mkdtemp(folder) == NULL)
        exit(1);
    snprintf(file, sizeof(file), "%s/rules", folder);
    MUST(inotify_add_watch(watcher, folder, IN_CREATE));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = watcher};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, watcher, &interest));
    struct epoll_event event;
    MUST(epoll_wait(epfd, &event, 1, 0));

    pid_t worker = MUST(fork());
    if (worker == 0) {
        free_loop(epfd, watcher);
        sleep_until(in_ms(1500));
        _exit(0);
    }
    sleep_until(in_ms(200));
    MUST(close(MUST(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600))));

    int64_t end = in_ms(IS_MISUSE ? 1500 : 10000);
    for (int ms; changes == 0 && (ms = ms_until(end)) > 0;) {
        char records[4096];
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        if (read(watcher, records, sizeof(records)) > 0)
            changes++;
    }

    MUST(waitpid(worker, &status, 0));
    MUST(unlink(file));
    MUST(rmdir(folder));
    MUST(close(watcher));
    MUST(close(epfd));
    return report(changes == 0, "told of %d changes", changes);
}
