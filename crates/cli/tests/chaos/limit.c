/* Under `descriptors-exhausted`: while accept finds no descriptor no other call does, and no other program starts with
 * the limit that is lowered. Ends with 0 if that holds; says how often it was tried. */
#include "../../../../c_tests/chaos/scene.h"

#include <spawn.h>
#include <sys/resource.h>

extern char **environ;

enum { TIMES = 80 };

static char usual[32];

static rlim_t limit(void)
{
    struct rlimit limit;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    return limit.rlim_cur;
}

static void fails(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(3);
}

static int connects(const struct sockaddr_in *address)
{
    for (int time = 0; time < TIMES; time++) {
        int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        char byte;
        MUST(connect(fd, (const struct sockaddr *)address, sizeof *address));
        take(fd, &byte, 1);
        close(fd);
    }
    return 0;
}

/* As long as the limit is lowered, all agree. */
static void calls_agree(rlim_t from)
{
    rlim_t before = limit();
    int fds[] = {socket(AF_INET, SOCK_STREAM, 0), open("/dev/null", O_RDONLY), epoll_create1(0), dup(0)};
    bool is_lowered = before < from && limit() == before;
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (is_lowered && fds[i] >= 0)
            fails("another call found a descriptor");
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

/* A program, started in three ways, has the usual limit. */
static void programs_have_the_usual(int way)
{
    char *words[] = {"sh", "-c", "test \"$(ulimit -n)\" = \"$0\"", usual, NULL};
    pid_t child = -1;
    if (way == 2) {
        if (posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ) != 0)
            fails("posix_spawn");
    } else {
        child = way == 0 ? fork() : vfork();
        if (child == 0) {
            execv("/bin/sh", words);
            _exit(127);
        }
    }
    if (status_of(child) != 0)
        fails(way == 0 ? "after fork" : way == 1 ? "after vfork" : "after posix_spawn");
}

int main(void)
{
    struct sockaddr_in address;
    pid_t process;
    rlim_t from = limit();
    snprintf(usual, sizeof usual, "%llu", (unsigned long long)from);
    int listener = listens(&address), refused = 0;
    int end = start_client(connects, &address, &process), epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    add(epoll, listener, EPOLLIN, NULL);
    for (int time = 0; time < TIMES;) {
        struct epoll_event event;
        if (epoll_wait(epoll, &event, 1, -1) != 1)
            continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            time++;
            close(fd);
        } else if (errno == EMFILE) {
            calls_agree(from);
            /* posix_spawn last: it ends the fault in this process. */
            if (refused < 6)
                programs_have_the_usual(refused % 2);
            else if (refused == 9)
                programs_have_the_usual(2);
            refused++;
        }
    }
    printf("%d\n", refused);
    (void)end;
    return status_of(process);
}
