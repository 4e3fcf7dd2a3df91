// The program of examples/hello.c in C++11.
#include <cstdio>
#include <epshim.h>
#include <unistd.h>

int main()
{
    struct epoll_event event = {}, ready[8];
    char text[16] = "";
    int ends[2], epfd = epshim_create1(EPOLL_CLOEXEC);

    event.events = EPOLLIN;
    event.data.u64 = 42;
    if (epfd < 0 || pipe(ends) < 0 || epshim_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event) < 0) {
        std::perror("epshim");
        return 1;
    }
    if (write(ends[1], "hello", 5) != 5 || epshim_wait(epfd, ready, 8, -1) != 1)
        return 1;
    if (read(ends[0], text, sizeof(text) - 1) < 0)
        return 1;
    // A packed field cannot be passed by reference.
    unsigned long long data = ready[0].data.u64;
    std::printf("epshim %s: data %llu says \"%s\"; struct epoll_event\n", epshim_version(), data,
                text);
    return epshim_close(epfd);
}
