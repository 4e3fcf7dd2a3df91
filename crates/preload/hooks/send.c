/* Sending to sockets. */
#include "hooks.h"

#define SEND(name)                                                                                 \
    HOOK(ssize_t, name, is_watched(fd), (int fd, const void *buffer, size_t size, int flags),      \
         (fd, buffer, size, flags))                                                                \
    {                                                                                              \
        tell_io_begins(fd, TELL_WRITE, flags & MSG_DONTWAIT, site);                                \
        return io_ended(fd, TELL_WRITE, size, NEXT(name)(fd, buffer, size, flags), site);          \
    }

SEND(send)
SEND(__send)

HOOK(ssize_t, sendto, is_watched(fd),
     (int fd, const void *buffer, size_t size, int flags, const struct sockaddr *address,
      socklen_t length),
     (fd, buffer, size, flags, address, length))
{
    tell_io_begins(fd, TELL_WRITE, flags & MSG_DONTWAIT, site);
    ssize_t got = NEXT(sendto)(fd, buffer, size, flags, address, length);
    return io_ended(fd, TELL_WRITE, size, got, site);
}

#define SENDMSG(name)                                                                              \
    HOOK(ssize_t, name, is_watched(fd), (int fd, const struct msghdr *message, int flags),         \
         (fd, message, flags))                                                                     \
    {                                                                                              \
        tell_io_begins(fd, TELL_WRITE, flags & MSG_DONTWAIT, site);                                \
        ssize_t got = NEXT(name)(fd, message, flags);                                              \
        size_t asked = got < 0 ? 0 : size_of_parts(message->msg_iov, message->msg_iovlen);         \
        return io_ended(fd, TELL_WRITE, asked, got, site);                                         \
    }

SENDMSG(sendmsg)
#if HAS_TIME64
SENDMSG(__sendmsg_time64)
#endif

/* The kernel wrote the lengths of those that went. It did not read those after the first that
 * failed: all that is known of them is that they were asked for. */
size_t size_of_messages(const struct mmsghdr *messages, unsigned count, int sent, ssize_t *written)
{
    *written = sent < 0 ? -1 : 0;
    for (int i = 0; i < sent; i++)
        *written += messages[i].msg_len;
    return (size_t)(*written < 0 ? 0 : *written) + (sent < 0 || (unsigned)sent < count);
}

#define SENDMMSG(name)                                                                             \
    HOOK(int, name, is_watched(fd),                                                                \
         (int fd, struct mmsghdr *messages, unsigned count, int flags),                            \
         (fd, messages, count, flags))                                                             \
    {                                                                                              \
        tell_io_begins(fd, TELL_WRITE, flags & MSG_DONTWAIT, site);                                \
        int sent = NEXT(name)(fd, messages, count, flags);                                         \
        ssize_t written;                                                                           \
        size_t asked = size_of_messages(messages, count, sent, &written);                          \
        io_ended(fd, TELL_WRITE, asked, written, site);                                            \
        return sent;                                                                               \
    }

SENDMMSG(sendmmsg)
#if HAS_TIME64
SENDMMSG(__sendmmsg_time64)
#endif
