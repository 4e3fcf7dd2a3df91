/* The smallest program on libepshim: cc -Iinclude hello.c -lepshim */
#include <epshim.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 42}, ready[8];
    char text[16] = "";
    int ends[2], epfd = epshim_create1(EPOLL_CLOEXEC);

    if (epfd < 0 || pipe(ends) < 0 || epshim_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event) < 0) {
        perror("epshim");
        return 1;
    }
    if (write(ends[1], "hello", 5) != 5)
        return 1;

    int n = epshim_wait(epfd, ready, 8, -1);
    for (int i = 0; i < n; i++) {
        if (read(ends[0], text, sizeof(text) - 1) < 0)
            return 1;
        printf("epshim %s: data %llu says \"%s\"; struct epoll_event has %zu bytes, data at %zu\n",
               epshim_version(), (unsigned long long)ready[i].data.u64, text,
               sizeof(struct epoll_event), offsetof(struct epoll_event, data));
    }
    return epshim_close(epfd);
}
