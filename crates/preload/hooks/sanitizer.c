/* ThreadSanitizer, in programs that are built with it. It wraps memcpy, and so sees the memory of the
 * books, but not the locks around them, which are Rust's: it would report races that are none. So it
 * is told to ignore a thread meanwhile (tsan_interface.h). */
#include "hooks.h"

__attribute__((weak)) void __tsan_ignore_thread_begin(void);
__attribute__((weak)) void __tsan_ignore_thread_end(void);

void epshim_tsan_ignore(void);
void epshim_tsan_observe(void);

void epshim_tsan_ignore(void)
{
    if (__tsan_ignore_thread_begin != NULL)
        __tsan_ignore_thread_begin();
}

void epshim_tsan_observe(void)
{
    if (__tsan_ignore_thread_end != NULL)
        __tsan_ignore_thread_end();
}
