/* Input and output on one descriptor: what a call is, and how much it asks for. */
#include "hooks.h"

#include <fcntl.h>
#include <limits.h>

enum io_kind kind_of_vmsplice(int fd)
{
    if (!may_call(REFUSED_DESCRIPTORS))
        return IO_WRITE;
    int saved = errno;
    int flags = NEXT_VARIADIC(fcntl, control_function)(fd, F_GETFL);
    errno = saved;
    return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY ? IO_READ : IO_WRITE;
}

/* Fewer messages than asked for mean that the next would have failed, but not if a timeout may
 * have ended the call. The kernel takes no more than UIO_MAXIOV at once (net/socket.c). */
size_t messages_asked(unsigned count, int got, const void *timeout)
{
    if (timeout != NULL && got >= 0)
        return (size_t)got;
    return count < IOV_MAX ? count : IOV_MAX;
}

/* The kernel wrote the lengths of those that went. */
ssize_t bytes_of_messages(const struct mmsghdr *messages, int sent)
{
    ssize_t written = sent < 0 ? -1 : 0;
    for (int i = 0; i < sent; i++)
        written += messages[i].msg_len;
    return written;
}

/* The kernel did not read the messages after the first that failed: all that is known of them is
 * that they were asked for. */
size_t bytes_asked(ssize_t written, int sent, unsigned count)
{
    return (size_t)(written < 0 ? 0 : written) + (sent < 0 || (unsigned)sent < count);
}
