/*
 * syscall(2) for the numbers that are in the table: libuv, Node and others close and wait this way. The
 * call itself stays what it is, for it is no cancellation point and libc's functions are.
 */
#include "system_call.h"

long make(const struct call *call)
{
    const long *with = call->arguments;
    return NEXT_VARIADIC(syscall, syscall_function)(call->number, with[0], with[1], with[2],
                                                    with[3], with[4], with[5]);
}

static APART long observed_syscall(const struct call *call)
{
    observer *observer = observer_of(call->number);
    return observer == NULL ? make(call) : observer(call);
}

long hook_syscall(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e,
                  uintptr_t f)
{
    uintptr_t next = atomic_load_explicit(&epshim_next[NEXT_syscall], memory_order_relaxed);
    if (__builtin_expect(next != 0 && !has_begun, 1))
        return ((syscall_function *)next)(number, a, b, c, d, e, f);
    struct call call = {number,
                        {(long)a, (long)b, (long)c, (long)d, (long)e, (long)f},
                        __builtin_return_address(0)};
    return observed_syscall(&call);
}
