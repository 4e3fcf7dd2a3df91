/* A worker that blocks in a read, with a handler of SIGCHLD without SA_RESTART, takes EINTR for the end: what comes
 * behind it is lost.
 *
 * fault: read-interrupted
 * verdict: status */
#include "scene.h"

#include <signal.h>

enum { BYTES = 200 };

static void child_ended(int signal)
{
    (void)signal;
}

int main(void)
{
    struct sigaction action = {.sa_handler = child_ended};
    MUST(sigaction(SIGCHLD, &action, NULL));
    int ends[2], back[2];
    MUST(pipe2(ends, O_CLOEXEC));
    MUST(pipe2(back, O_CLOEXEC));
    pid_t process = MUST(fork());
    char byte = 'a';
    if (process == 0) {
        /* A byte for each that was read. */
        close(ends[0]);
        close(back[1]);
        for (int i = 0; i < BYTES && write(ends[1], &byte, 1) == 1; i++)
            if (read(back[0], &byte, 1) != 1)
                break;
        _exit(0);
    }
    close(ends[1]);
    close(back[0]);
    signal(SIGPIPE, SIG_IGN);
    int epoll = MUST(epoll_create1(EPOLL_CLOEXEC)), all = 0;
    add(epoll, ends[0], EPOLLIN, NULL);
    for (;;) {
        ssize_t got = read(ends[0], &byte, 1);
#ifdef RIGHT
        if (got < 0 && errno == EINTR)
            continue;
#endif
        if (got <= 0)
            break;
        all++;
        usleep(200);
        if (write(back[1], &byte, 1) != 1)
            break;
    }
    if (all != BYTES)
        fprintf(stderr, "%d bytes of %d\n", all, BYTES);
    close(back[1]);
    close(ends[0]);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
        ;
    return all != BYTES;
}
