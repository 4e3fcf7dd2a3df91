/*
 * The end of the process. Its report is written before it ends, in the destructor or in the hook of a way
 * out that runs none; and then it may have another status than its own (exitcode).
 *
 * exit(3) runs the destructors, flushes the streams and ends with the status that it was given. To
 * change that status a destructor calls it again: glibc goes on where it was (stdlib/exit.c,
 * __run_exit_handlers), and flushes the streams without waiting for a lock. fflush(NULL) waits: another
 * thread may sit in getchar() for ever.
 *
 * Surprising: the destructors of libraries that come after this one are not run then.
 */
#include "hooks.h"

#include <stdlib.h>

void epshim_leave(int status);

int ending(int status)
{
    int wanted = on_leaving();
    return wanted < 0 ? status : wanted;
}

/* Ends the process at once, unseen: the library exports _exit, and must not call its own. */
void epshim_leave(int status)
{
    NEXT(_exit)(status);
}

__attribute__((destructor)) static void end(void)
{
    int wanted = has_begun ? on_end() : -1;
    if (wanted < 0)
        return;
#ifdef __GLIBC__
    exit(wanted);
#else
    fflush(NULL); /* As musl's exit does, which waits for the locks too and is not to be called again. */
    epshim_leave(wanted);
#endif
}
