/* A handler asks how many bytes there are before it reads them. Of an empty datagram there are 0: it returns, and
 * the datagram is never taken.
 *
 * Right: it reads whatever there is.
 *
 * expect: level-spin
 * after: https://github.com/systemd/systemd/pull/3299
 * shows: spins
 */
#include "../misuse/loop.h"

#include <sys/ioctl.h>

enum { RUN_MS = 2500 };

static int receive(int fd)
{
    char packet[1500];
    int size = 0;
    MUST(ioctl(fd, FIONREAD, &size));
#ifndef RIGHT
    if (size <= 0)
        return 0;
#endif
    MUST(recv(fd, packet, sizeof(packet), 0));
    return 1;
}

int main(void)
{
    struct sockaddr_in address;
    int fd = bind_to_loopback(SOCK_DGRAM | SOCK_NONBLOCK, &address), packets = 0;
    int other = MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long useless = 0;
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    MUST(sendto(other, "", 0, 0, (struct sockaddr *)&address, sizeof(address)));

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
        int taken = receive(fd);
        packets += taken;
        useless += taken == 0;
    }

    MUST(close(fd));
    MUST(close(other));
    MUST(close(epfd));
    return report(useless > 200 || packets != 1, "packets: %d, deliveries in vain: %ld", packets, useless);
}
