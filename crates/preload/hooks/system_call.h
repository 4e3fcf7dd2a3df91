/* A call of syscall(2), and the observers that system_calls.c has for the numbers in the table. */
#ifndef EPSHIM_SYSTEM_CALL_H
#define EPSHIM_SYSTEM_CALL_H

#include "hooks.h"

#include <sys/syscall.h>

/* Where the kernel has both, this one is the old one, whose arguments are in a structure (i386, arm,
 * m68k), or may be that one (powerpc). */
#ifdef SYS__newselect
#undef SYS_select
#endif

struct call {
    long number, arguments[6];
    const void *site;
};

#pragma GCC visibility push(hidden)

/* Makes the call. */
long make(const struct call *call);

/* Makes a call, and reports it. */
typedef long observer(const struct call *call);

/* The observer of a system call; NULL for those that are not in the table. */
observer *observer_of(long number);

#pragma GCC visibility pop

#endif
