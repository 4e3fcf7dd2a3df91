/* Chaos: what the generated hooks need of C. See chaos.h. */
#include "chaos.h"

#include <limits.h>
#include <unistd.h>

_Atomic bool epshim_chaos;

int epshim_next_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    return NEXT(epoll_ctl)(epfd, op, fd, event) < 0 ? -errno : 0;
}

int chaos_ctl(int epfd, int op, int fd, struct epoll_event *event, const void *site)
{
    int result = 0;
    if (!on_chaos_ctl(epfd, op, fd, event, site, &result))
        return NEXT(epoll_ctl)(epfd, op, fd, event);
    return result < 0 ? told(-result) : result;
}

uint64_t cuttable(struct iovec *copy, const struct iovec *parts, int count)
{
    if (count < 1 || count > CUT_PARTS)
        return 0;
    size_t size = (size_t)count * sizeof *copy;
    struct iovec to = {copy, size}, from = {(void *)(uintptr_t)parts, size};
    int saved = errno;
    bool is_readable = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
    errno = saved;
    if (!is_readable)
        return 0;
    uint64_t room = 0;
    for (int i = 0; i < count; i++) {
        if (copy[i].iov_len > SSIZE_MAX / CUT_PARTS)
            return 0; /* The kernel may refuse it. */
        room += copy[i].iov_len;
    }
    return room;
}

int cut(struct iovec *copy, int count, uint64_t room)
{
    for (int i = 0; i < count; i++) {
        if (copy[i].iov_len >= room) {
            copy[i].iov_len = (size_t)room;
            return i + 1;
        }
        room -= copy[i].iov_len;
    }
    return count;
}
