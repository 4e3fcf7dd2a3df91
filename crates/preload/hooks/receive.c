/* Receiving from sockets, and accepting connections. */
#include "hooks.h"

#include <limits.h>

HOOK(ssize_t, recv, is_watched(fd), (int fd, void *buffer, size_t size, int flags),
     (fd, buffer, size, flags))
{
    enum tell_io kind = kind_of_receive(TELL_READ, flags);
    tell_io_begins(fd, kind, flags & MSG_DONTWAIT, site);
    return io_ended(fd, kind, size, NEXT(recv)(fd, buffer, size, flags), site);
}

HOOK(ssize_t, __recv_chk, is_watched(fd),
     (int fd, void *buffer, size_t size, size_t room, int flags), (fd, buffer, size, room, flags))
{
    enum tell_io kind = kind_of_receive(TELL_READ, flags);
    tell_io_begins(fd, kind, flags & MSG_DONTWAIT, site);
    return io_ended(fd, kind, size, NEXT(__recv_chk)(fd, buffer, size, room, flags), site);
}

HOOK(ssize_t, recvfrom, is_watched(fd),
     (int fd, void *buffer, size_t size, int flags, struct sockaddr *address, socklen_t *length),
     (fd, buffer, size, flags, address, length))
{
    enum tell_io kind = kind_of_receive(TELL_READ, flags);
    tell_io_begins(fd, kind, flags & MSG_DONTWAIT, site);
    ssize_t got = NEXT(recvfrom)(fd, buffer, size, flags, address, length);
    return io_ended(fd, kind, size, got, site);
}

HOOK(ssize_t, __recvfrom_chk, is_watched(fd),
     (int fd, void *buffer, size_t size, size_t room, int flags, struct sockaddr *address,
      socklen_t *length),
     (fd, buffer, size, room, flags, address, length))
{
    enum tell_io kind = kind_of_receive(TELL_READ, flags);
    tell_io_begins(fd, kind, flags & MSG_DONTWAIT, site);
    ssize_t got = NEXT(__recvfrom_chk)(fd, buffer, size, room, flags, address, length);
    return io_ended(fd, kind, size, got, site);
}

#define RECVMSG(name)                                                                              \
    HOOK(ssize_t, name, is_watched(fd), (int fd, struct msghdr *message, int flags),               \
         (fd, message, flags))                                                                     \
    {                                                                                              \
        enum tell_io kind = kind_of_receive(TELL_MESSAGE, flags);                                  \
        tell_io_begins(fd, kind, flags & MSG_DONTWAIT, site);                                      \
        ssize_t got = NEXT(name)(fd, message, flags);                                              \
        size_t asked = got < 0 ? 0 : size_of_parts(message->msg_iov, message->msg_iovlen);         \
        return io_ended(fd, kind, asked, got, site);                                               \
    }

RECVMSG(recvmsg)
#if HAS_TIME64
RECVMSG(__recvmsg_time64)
#endif

/* Fewer messages than asked for mean that the next would have failed, but not if a timeout may
 * have ended the call. The kernel takes no more than UIO_MAXIOV at once (net/socket.c). */
size_t messages_asked(unsigned count, int got, const void *timeout)
{
    if (timeout != NULL && got >= 0)
        return (size_t)got;
    return count < IOV_MAX ? count : IOV_MAX;
}

#define RECVMMSG(name, timeout_type)                                                               \
    HOOK(int, name, is_watched(fd),                                                                \
         (int fd, struct mmsghdr *messages, unsigned count, int flags, timeout_type *timeout),     \
         (fd, messages, count, flags, timeout))                                                    \
    {                                                                                              \
        enum tell_io kind = kind_of_receive(TELL_MESSAGES, flags);                                 \
        tell_io_begins(fd, kind, flags & MSG_DONTWAIT, site);                                      \
        int got = NEXT(name)(fd, messages, count, flags, timeout);                                 \
        io_ended(fd, kind, messages_asked(count, got, timeout), got, site);                        \
        return got;                                                                                \
    }

RECVMMSG(recvmmsg, struct timespec)
#if HAS_TIME64
RECVMMSG(__recvmmsg_time64, struct timespec64)
#endif

static int accepted(int listener, int fd, const void *site)
{
    io_ended(listener, TELL_ACCEPT, 1, fd < 0 ? -1 : 1, site);
    return fd;
}

HOOK(int, accept, is_watched(fd), (int fd, struct sockaddr *address, socklen_t *length),
     (fd, address, length))
{
    tell_io_begins(fd, TELL_ACCEPT, false, site);
    return accepted(fd, NEXT(accept)(fd, address, length), site);
}

HOOK(int, accept4, is_watched(fd), (int fd, struct sockaddr *address, socklen_t *length, int flags),
     (fd, address, length, flags))
{
    tell_io_begins(fd, TELL_ACCEPT, false, site);
    return accepted(fd, NEXT(accept4)(fd, address, length, flags), site);
}
