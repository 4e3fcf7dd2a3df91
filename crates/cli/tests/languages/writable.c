/* An addon of Node's, without its headers: has the epolls that it is told of report room to write, too. */
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { MOST = 64 };

void *napi_register_module_v1(void *environment, void *exports);

void *napi_register_module_v1(void *environment, void *exports)
{
    (void)environment;
    int numbers[MOST], count = 0;
    char *text = getenv("EPSHIM_TEST_WRITABLE"), *end = NULL;
    for (; text && count < MOST; text = end) {
        long number = strtol(text, &end, 10);
        if (end == text)
            break;
        numbers[count++] = (int)number;
    }
    if (count == 0)
        return exports;
    int fd = numbers[--count];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
    while (count-- > 0)
        epoll_ctl(numbers[count], EPOLL_CTL_MOD, fd, &event);
    return exports;
}
