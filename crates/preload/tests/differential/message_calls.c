/* The calls of sockets that pass structures. */
#include "world.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MESSAGES 4

static void receive(struct world *world, int fd, struct mmsghdr *messages, int flags)
{
    struct mmsghdr *list = one_in(world, 40) ? bad_pointer() : messages;
    struct msghdr *one = one_in(world, 40) ? bad_pointer() : &messages[0].msg_hdr;
    switch (below(world, 4)) {
    case 0:
        MADE(world, recvmmsg(fd, list, MESSAGES, flags, NULL), fd, flags, 0);
        break;
    case 1:
        MADE(world, syscall(SYS_recvmsg, fd, one, flags), fd, flags, 0);
        break;
    case 2:
        MADE(world, syscall(SYS_recvmmsg, fd, list, MESSAGES, flags, NULL), fd, flags, 0);
        break;
    default:
        MADE(world, recvmsg(fd, one, flags), fd, flags, 0);
    }
    for (int i = 0; i < MESSAGES; i++) {
        absorb(world, &messages[i].msg_len, sizeof(messages[i].msg_len));
        absorb(world, messages[i].msg_hdr.msg_iov->iov_base, 64);
    }
}

static void send_some(struct world *world, int fd, struct mmsghdr *messages, int flags)
{
    struct mmsghdr *list = one_in(world, 40) ? bad_pointer() : messages;
    int count = below(world, MESSAGES + 1);
    switch (below(world, 4)) {
    case 0:
        MADE(world, sendmmsg(fd, list, (unsigned)count, flags), fd, count, flags);
        break;
    case 1:
        MADE(world, syscall(SYS_sendmmsg, fd, list, count, flags), fd, count, flags);
        break;
    case 2:
        MADE(world, syscall(SYS_sendmsg, fd, &messages[0].msg_hdr, flags), fd, flags, 0);
        break;
    default:
        MADE(world, sendmsg(fd, &messages[0].msg_hdr, flags), fd, flags, 0);
    }
}

void call_messages(struct world *world)
{
    static const int all_flags[] = {0, MSG_DONTWAIT, MSG_PEEK, MSG_WAITFORONE};
    char bytes[MESSAGES][256] = {""};
    struct iovec parts[MESSAGES];
    struct mmsghdr messages[MESSAGES];
    memset(messages, 0, sizeof(messages));
    for (int i = 0; i < MESSAGES; i++) {
        memset(bytes[i], i + 1, sizeof(bytes[i]));
        parts[i] = (struct iovec){bytes[i], 1 + (size_t)below(world, 256)};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    if (one_in(world, 2))
        receive(world, any(world), messages, all_flags[below(world, 4)]);
    else
        send_some(world, any(world), messages, one_in(world, 3) ? MSG_DONTWAIT : 0);
}
