/* Chaos: what the generated hooks need of C. See chaos.h. */
#include "chaos.h"

#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
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
    if (result >= 0)
        return result;
    errno = -result;
    return -1;
}

int told(const struct chaos *chaos, int error)
{
    if (chaos->signal != 0)
        raise(chaos->signal);
    errno = error;
    return -1;
}

/* Copies what the kernel would read. false: it could not. */
static bool is_copied(void *copy, const void *at, size_t size)
{
    struct iovec to = {copy, size}, from = {(void *)(uintptr_t)at, size};
    int saved = errno;
    bool is_readable = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
    errno = saved;
    return is_readable;
}

uint64_t family_of(const struct sockaddr *address, socklen_t length)
{
    struct sockaddr copy;
    bool is_whole = length >= sizeof copy && is_copied(&copy, address, sizeof copy);
    return is_whole ? copy.sa_family : 0;
}

socklen_t address_of_nobody(int fd, struct sockaddr_storage *address)
{
    int family = AF_INET;
    socklen_t size = sizeof family;
    NEXT(getsockopt)(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
    *address = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
    /* Port 0, which no listener can have (ip(7)). */
    if (family == AF_INET6) {
        ((struct sockaddr_in6 *)address)->sin6_addr = in6addr_loopback;
        return sizeof(struct sockaddr_in6);
    }
    ((struct sockaddr_in *)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sizeof(struct sockaddr_in);
}

uint64_t cuttable_message(struct iovec *copy, struct msghdr *whole, const struct msghdr *message)
{
    if (!is_copied(whole, message, sizeof *whole) || whole->msg_controllen != 0 ||
        whole->msg_iovlen > CUT_PARTS)
        return 0;
    return cuttable(copy, whole->msg_iov, (int)whole->msg_iovlen);
}

uint64_t cuttable(struct iovec *copy, const struct iovec *parts, int count)
{
    if (count < 1 || count > CUT_PARTS || !is_copied(copy, parts, (size_t)count * sizeof *copy))
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
