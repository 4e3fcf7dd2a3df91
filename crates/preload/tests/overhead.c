/*
 * What a hook adds to a call, in instructions: the function that the program gets, which is the hook when the
 * library is preloaded, beside libc's own. A child makes each call once between two breakpoints, and its parent
 * steps through it: the numbers are the same on each run, however busy the machine is.
 *
 * usage: LD_PRELOAD=libepshim_preload.so overhead
 *
 * One line for each call: its name, the instructions of libc's own, and what the hook adds.
 */
#define _GNU_SOURCE
#include "hooked_calls.h"

#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define BREAKPOINT() __asm__ volatile("int3" ::: "memory")

/* Makes each call: libc's own and the hook, each between two breakpoints. */
static int traced(void)
{
    prepare();
    for (size_t i = 0; i < CALLS; i++) {
        uintptr_t both[2];
        find_both(calls[i].name, both);
        for (int which = 0; which < 2; which++) {
            for (int warm = 0; warm < 3; warm++) /* what is done once is done */
                calls[i].once(both[which]);
            BREAKPOINT();
            long result = calls[i].once(both[which]);
            BREAKPOINT();
            if (result != calls[i].expected)
                fail("a call returned something else");
        }
        if (both[0] == both[1])
            fail("the library is not preloaded");
    }
    return 0;
}

static int stop_of(pid_t child)
{
    int status;
    siginfo_t info;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        fail("the child has ended");
    if (WSTOPSIG(status) != SIGTRAP || ptrace(PTRACE_GETSIGINFO, child, NULL, &info) < 0)
        fail("the child got a signal");
    return info.si_code;
}

/* Goes on to the next breakpoint; by steps, which are counted. */
static long go_on(pid_t child, int by_steps)
{
    for (long steps = 0;; steps++) {
        if (ptrace(by_steps ? PTRACE_SINGLESTEP : PTRACE_CONT, child, NULL, NULL) < 0)
            fail("ptrace(2)");
        if (stop_of(child) == SI_KERNEL) /* int3; a step has TRAP_TRACE */
            return steps;
    }
}

int main(int count, char **arguments)
{
    if (count > 1)
        return strcmp(arguments[1], "traced") == 0 ? traced() : 2;
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execl("/proc/self/exe", arguments[0], "traced", (char *)NULL);
        _exit(127);
    }
    if (child < 0 || stop_of(child) == SI_KERNEL) /* after exec(3) */
        fail("no child");
    for (size_t i = 0; i < CALLS; i++) {
        long steps[2];
        for (int which = 0; which < 2; which++) {
            go_on(child, 0);
            steps[which] = go_on(child, 1);
        }
        printf("%s %ld %ld\n", calls[i].name, steps[0], steps[1] - steps[0]);
    }
    int status;
    if (ptrace(PTRACE_CONT, child, NULL, NULL) < 0 || waitpid(child, &status, 0) != child)
        fail("the end");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
