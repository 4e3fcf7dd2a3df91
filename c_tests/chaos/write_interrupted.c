/* A write that blocks, with a handler of SIGWINCH without SA_RESTART, ends with EINTR and is not made again.
 *
 * fault: write-interrupted
 * verdict: status */
#include "scene.h"

#include <signal.h>

enum { PIECES = 60, PIECE = 65536 };

static void resized(int signal)
{
    (void)signal;
}

/* Reads all, slower than it comes, and says whether it was enough. */
static int reads(int fd)
{
    static char bytes[PIECE];
    size_t all = 0;
    for (ssize_t got = 1; got > 0; all += got > 0 ? (size_t)got : 0) {
        usleep(100);
        got = read(fd, bytes, sizeof bytes);
    }
    return all != (size_t)PIECES * PIECE;
}

int main(void)
{
    struct sigaction action = {.sa_handler = resized};
    MUST(sigaction(SIGWINCH, &action, NULL));
    int ends[2];
    MUST(pipe2(ends, O_CLOEXEC));
    pid_t process = MUST(fork());
    if (process == 0) {
        close(ends[1]);
        _exit(reads(ends[0]));
    }
    close(ends[0]);
    int epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    add(epoll, ends[1], EPOLLOUT, NULL);
    static char bytes[PIECE];
    for (int piece = 0; piece < PIECES; piece++) {
        for (size_t sent = 0; sent < PIECE;) {
            ssize_t more = write(ends[1], bytes + sent, PIECE - sent);
#ifdef RIGHT
            if (more < 0 && errno == EINTR)
                continue;
#endif
            if (more < 0)
                break;
            sent += (size_t)more;
        }
    }
    close(ends[1]);
    return status_of(process);
}
