/* A mistake that is a fact: places [N PATH | children COUNT]. With N and PATH it closes descriptor N, and
 * has a file of its own get the number. With children, that many processes make the mistake at once. Ends with 5. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

static void make_a_mistake(void)
{
    struct epoll_event event;
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    CHECK_FAILS(epoll_ctl(epfd, EPOLL_CTL_DEL, 999, NULL), EBADF);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 0), 0);
}

static void make_many(int count)
{
    for (int i = 0; i < count; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            make_a_mistake();
            exit(0);
        }
    }
    for (int i = 0; i < count; i++) {
        int status;
        CHECK(wait(&status) > 0);
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), 0);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "children") == 0) {
        make_many(atoi(argv[2]));
    } else if (argc > 2) {
        int number = atoi(argv[1]);
        close(number);
        int opened = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
        if (opened != number) {
            CHECK_EQ(dup2(opened, number), number);
            close(opened);
        }
    }
    make_a_mistake();
    exit(5);
}
