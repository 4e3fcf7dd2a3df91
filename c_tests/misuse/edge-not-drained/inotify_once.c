/* Reads an edge-triggered inotify descriptor once for each edge, into a buffer for a few records. Of
 * a burst of changes the rest stays in the queue, and the program hears of it with the next change.
 *
 * Right: after each edge it is read until it says EAGAIN.
 *
 * expect: edge-not-drained
 * shows: hangs
 */
#include "../loop.h"

#include <sys/inotify.h>

enum { CHANGES = 20, RECORD = (int)sizeof(struct inotify_event) };

/* A name of 16 bytes or less goes with each record. */
static int records_in(ssize_t size)
{
    return (int)size / (RECORD + 16);
}

static void make_files(const char *folder)
{
    char path[128];
    for (int i = 0; i < CHANGES; i++) {
        snprintf(path, sizeof(path), "%s/%d", folder, i);
        MUST(close(MUST(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600))));
    }
}

static void remove_files(const char *folder)
{
    char path[128];
    for (int i = 0; i < CHANGES; i++) {
        snprintf(path, sizeof(path), "%s/%d", folder, i);
        MUST(unlink(path));
    }
    MUST(rmdir(folder));
}

int main(void)
{
    char folder[] = "/tmp/epshim-inotify-XXXXXX", buffer[4 * (RECORD + 16)];
    int heard = 0, fd = MUST(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    if (mkdtemp(folder) == NULL)
        exit(1);
    MUST(inotify_add_watch(fd, folder, IN_CREATE));
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    make_files(folder);

    int64_t end = in_ms(2500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
#ifndef RIGHT
        heard += records_in(MUST(read(fd, buffer, sizeof(buffer)))); /* finding */
#else
        for (ssize_t size; (size = read(fd, buffer, sizeof(buffer))) > 0;)
            heard += records_in(size);
#endif
    }

    remove_files(folder);
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    return report(heard < CHANGES, "heard of %d of %d changes", heard, CHANGES);
}
