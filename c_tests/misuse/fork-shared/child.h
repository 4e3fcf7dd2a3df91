/* A child process, and a pipe through which each side knows how far the other is. */
#ifndef CHILD_H
#define CHILD_H

#include "../loop.h"

#include <sys/wait.h>

struct child {
    pid_t pid;
    int is_ready, may_end;
};

/* Forks. 0 in the child; there `ready_then_wait` must follow. */
static inline pid_t start_child(struct child *child)
{
    int ready[2], end[2];
    MUST(pipe2(ready, O_CLOEXEC));
    MUST(pipe2(end, O_CLOEXEC));
    child->pid = MUST(fork());
    child->is_ready = ready[child->pid == 0];
    child->may_end = end[child->pid != 0];
    MUST(close(ready[child->pid != 0]));
    MUST(close(end[child->pid == 0]));
    return child->pid;
}

/* In the child: says that it is ready, and returns when the parent ends it. */
static inline void ready_then_wait(const struct child *child)
{
    char nothing;
    MUST(write(child->is_ready, "r", 1));
    MUST(read(child->may_end, &nothing, 1));
}

static inline void wait_until_ready(const struct child *child)
{
    char ready;
    if (MUST(read(child->is_ready, &ready, 1)) != 1)
        exit(1);
}

static inline void end_child(const struct child *child)
{
    int status;
    MUST(close(child->may_end));
    MUST(close(child->is_ready));
    MUST(waitpid(child->pid, &status, 0));
    if (status != 0)
        exit(1);
}

#endif
