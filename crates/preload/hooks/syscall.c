/*
 * syscall(2) for the numbers that have hooks: libuv, Node and others close and wait this way. The
 * call itself stays what it is, for it is no cancellation point and libc's functions are.
 */
#include "numbers.h"
#include "transfer.h"

#include <fcntl.h>

struct call {
    long number, a, b, c, d, e, f;
    const void *site;
};

static long make(const struct call *call)
{
    return NEXT_VARIADIC(syscall, syscall_function)(call->number, call->a, call->b, call->c,
                                                    call->d, call->e, call->f);
}

static long make_wait(const struct call *call, int64_t timeout)
{
    int epfd = (int)call->a;
    tell_wait_begins(epfd, (int)call->c, timeout, call->site);
    long count = make(call);
    tell_wait_ended(epfd, (const struct epoll_event *)call->b, (int)count, count < 0 ? errno : 0);
    return count;
}

static long make_epoll_call(const struct call *call)
{
    long result;
    switch (call->number) {
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
        return make_wait(call, nanoseconds((int)call->d));
    case SYS_epoll_pwait2:
        return make_wait(call, nanoseconds_of_kernel((const void *)call->d));
    case SYS_epoll_ctl:
        result = make(call);
        tell_ctl((int)call->a, (int)call->b, (int)call->c, (const struct epoll_event *)call->d,
                 result < 0 ? errno : 0, call->site);
        return result;
    default: /* epoll_create and epoll_create1 */
        result = make(call);
        if (result >= 0)
            tell_created((int)result, call->number == SYS_epoll_create1 ? (int)call->a : 0,
                         call->site);
        return result;
    }
}

/* dup, dup2, dup3. */
static long make_copy(const struct call *call)
{
    int from = (int)call->a, to = (int)call->b;
    bool is_plain = call->number == SYS_dup2 || ((int)call->c & ~O_CLOEXEC) == 0;
    if (call->number != SYS_dup && is_plain && replaces(from, to))
        closing(to, call->site);
    long copy = make(call);
    if (copy >= 0 && copy != from && is_watched(from))
        tell_duplicated(from, (int)copy, call->site);
    return copy;
}

/* A call on one watched descriptor that is neither input nor output. */
static long make_control(const struct call *call)
{
    int fd = (int)call->a;
    if (call->number == SYS_close)
        closing(fd, call->site);
    long result = make(call);
    if (call->number == SYS_fcntl || call->number == SYS_fcntl64)
        fcntl_ended(fd, (int)call->b, (int)result, call->site);
    else if (call->number == SYS_ioctl)
        ioctl_ended(fd, (unsigned long)call->b, (int)result, call->site);
    else if (call->number == SYS_shutdown && result == 0 && call->b != SHUT_RD)
        tell_shut_down(fd);
    return result;
}

/* What an input or output call is, before it is made. */
static enum tell_io kind_of(const struct call *call)
{
    switch (call->number) {
    case SYS_read:
    case SYS_readv:
    case SYS_preadv2:
        return TELL_READ;
    case SYS_recv:
    case SYS_recvfrom:
        return kind_of_receive(TELL_READ, (int)call->d);
    case SYS_recvmsg:
        return kind_of_receive(TELL_MESSAGE, (int)call->c);
    case SYS_recvmmsg:
    case SYS_recvmmsg_time64:
        return kind_of_receive(TELL_MESSAGES, (int)call->d);
    case SYS_accept:
    case SYS_accept4:
        return TELL_ACCEPT;
    case SYS_vmsplice:
        return kind_of_vmsplice((int)call->a);
    default:
        return TELL_WRITE;
    }
}

static bool asks_not_to_block(const struct call *call)
{
    switch (call->number) {
    case SYS_recv:
    case SYS_recvfrom:
    case SYS_recvmmsg:
    case SYS_recvmmsg_time64:
    case SYS_send:
    case SYS_sendto:
    case SYS_sendmmsg:
        return call->d & MSG_DONTWAIT;
    case SYS_recvmsg:
    case SYS_sendmsg:
        return call->c & MSG_DONTWAIT;
    case SYS_preadv2:
    case SYS_pwritev2:
        return call->f & RWF_NOWAIT;
    case SYS_vmsplice:
        return call->d & SPLICE_F_NONBLOCK;
    default:
        return false;
    }
}

/* How much was asked for by a call that returned result; sets got, which is result but for sendmmsg
 * and accept. */
static size_t asked_by(const struct call *call, long result, ssize_t *got)
{
    const struct msghdr *message = (const struct msghdr *)call->b;
    *got = result;
    switch (call->number) {
    case SYS_readv:
    case SYS_preadv2:
    case SYS_writev:
    case SYS_pwritev2:
    case SYS_vmsplice:
        return result < 0 ? 0 : size_of_parts((const struct iovec *)call->b, (size_t)call->c);
    case SYS_recvmsg:
    case SYS_sendmsg:
        return result < 0 ? 0 : size_of_parts(message->msg_iov, message->msg_iovlen);
    case SYS_recvmmsg:
    case SYS_recvmmsg_time64:
        return messages_asked((unsigned)call->c, (int)result, (const void *)call->e);
    case SYS_sendmmsg:
        return size_of_messages((const struct mmsghdr *)call->b, (unsigned)call->c, (int)result,
                                got);
    case SYS_accept:
    case SYS_accept4:
        *got = result < 0 ? -1 : 1;
        return 1;
    default:
        return (size_t)call->c;
    }
}

static long make_io(const struct call *call)
{
    int fd = (int)call->a;
    enum tell_io kind = kind_of(call);
    ssize_t got;
    tell_io_begins(fd, kind, asks_not_to_block(call), call->site);
    long result = make(call);
    size_t asked = asked_by(call, result, &got);
    io_ended(fd, kind, asked, got, call->site);
    return result;
}

static long make_transfer(const struct call *call)
{
    bool is_sendfile = call->number == SYS_sendfile || call->number == SYS_sendfile64;
    int from = (int)(is_sendfile ? call->b : call->a);
    int to = (int)(is_sendfile ? call->a : call->number == SYS_splice ? call->c : call->b);
    long size = is_sendfile ? call->d : call->number == SYS_splice ? call->e : call->c;
    long flags = is_sendfile ? 0 : call->number == SYS_splice ? call->f : call->d;
    struct transfer transfer =
        transfer_begins(from, call->number == SYS_tee ? TELL_PEEK : TELL_READ, to,
                        flags & SPLICE_F_NONBLOCK, call->site);
    return transfer_ended(&transfer, (size_t)size, make(call), is_sendfile);
}

static long make_close_range(const struct call *call)
{
    closing_range((unsigned)call->a, (unsigned)call->b, (int)call->c, call->site);
    return make(call);
}

/* What goes through a ring is not seen. */
static long make_unseen(const struct call *call)
{
    long result = make(call);
    if (result >= 0)
        tell_unseen(call->number);
    return result;
}

typedef long maker(const struct call *call);

/* Who makes a call that is to be told of; NULL for the others. */
static maker *maker_of(const struct call *call)
{
    bool is_known = is_watched((int)call->a);
    switch (call->number) {
    case SYS_epoll_create:
    case SYS_epoll_create1:
    case SYS_epoll_ctl:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
        return make_epoll_call;
    case SYS_dup:
    case SYS_dup2:
    case SYS_dup3:
        return make_copy;
    case SYS_sendfile:
    case SYS_sendfile64:
    case SYS_splice:
    case SYS_tee:
        return make_transfer;
    case SYS_close_range:
        return make_close_range;
    case SYS_io_uring_setup:
        return make_unseen;
    case SYS_close:
        return is_close_told((int)call->a) ? make_control : NULL;
    case SYS_fcntl:
    case SYS_fcntl64:
    case SYS_ioctl:
    case SYS_shutdown:
        return is_known ? make_control : NULL;
    case SYS_preadv2:
    case SYS_pwritev2:
        return is_known && call->d == -1 ? make_io : NULL;
    case SYS_read:
    case SYS_readv:
    case SYS_recv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_recvmmsg_time64:
    case SYS_accept:
    case SYS_accept4:
    case SYS_write:
    case SYS_writev:
    case SYS_send:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_vmsplice:
        return is_known ? make_io : NULL;
    default:
        return NULL;
    }
}

HOOK_AS(syscall_function, long, syscall, is_checking(),
        (long number, long a, long b, long c, long d, long e, long f), (number, a, b, c, d, e, f))
{
    struct call call = {number, a, b, c, d, e, f, site};
    maker *maker = maker_of(&call);
    return maker == NULL ? make(&call) : maker(&call);
}
