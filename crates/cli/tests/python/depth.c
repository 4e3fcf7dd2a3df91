/* How much of a signal's stack calls take in a program of Python, whose lines are read in the handler. */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STACK = 256 << 10, PAINT = 0xa5 };

static int epfd, fd;
static char *frame;

static void on_signal(int number)
{
    (void)number;
    frame = __builtin_frame_address(0);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
    epoll_ctl(epfd, EPOLL_CTL_DEL, 900, NULL);
    close(socket(AF_UNIX, SOCK_STREAM, 0));
}

/* The bytes below the handler's frame; 0: it could not be tried. */
long depth(int with_epoll, int with)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    unsigned char *memory = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 0;
    memset(memory, PAINT, STACK);
    stack_t alternate = {.ss_sp = memory, .ss_size = STACK}, before;
    epfd = with_epoll;
    fd = with;
    if (sigaltstack(&alternate, &before) != 0 || sigaction(SIGUSR1, &action, NULL) != 0 || raise(SIGUSR1) != 0)
        return 0;
    sigaltstack(&before, NULL);
    size_t left = 0;
    while (left < STACK && memory[left] == PAINT)
        left++;
    return frame - (char *)(memory + left);
}
