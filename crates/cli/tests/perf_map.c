/* Code that is made while the program runs, as a just-in-time compiler makes it, calls epoll_ctl in vain; and
 * /tmp/perf-PID.map says what it is, in one of several ways. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int control(int epfd, int op, int fd, struct epoll_event *event);
typedef int compiled(int epfd, int op, int fd, struct epoll_event *event, control *next);

/* sub rsp, 8; call r8; add rsp, 8; ret */
static const unsigned char code[] = {0x48, 0x83, 0xec, 8, 0x41, 0xff, 0xd0, 0x48, 0x83, 0xc4, 8, 0xc3};

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    const char *way = arguments[1], *beside = arguments[2];
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    memcpy(memory, code, sizeof code);
    char map[64];
    snprintf(map, sizeof map, "/tmp/perf-%d.map", (int)getpid());
    FILE *file = fopen(strcmp(way, "own") == 0 ? map : beside, "w");
    if (file == NULL)
        return 1;
    fprintf(file, "%lx %zx JS:*serve /srv/app.js:3:15\n", (unsigned long)(uintptr_t)memory, sizeof code);
    fclose(file);
    if (strcmp(way, "symbolic") == 0 && symlink(beside, map) != 0)
        return 1;
    if (strcmp(way, "hard") == 0 && link(beside, map) != 0)
        return 1;
    compiled *run;
    memcpy(&run, &memory, sizeof run);
    int failed = run(epoll_create1(0), EPOLL_CTL_DEL, 99, NULL, epoll_ctl);
    return failed == -1 ? 0 : 1;
}
