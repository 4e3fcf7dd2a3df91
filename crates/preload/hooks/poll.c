/*
 * poll and select: a thread that waits there for a descriptor that an epoll watches has not forgotten
 * it. For room it may sleep long, so that is reported before the call; input when the call said it.
 *
 * The arrays are the program's. After a call that succeeded they were read and written by the kernel.
 * Before it they may be unreadable, and EFAULT is the kernel's word to say: so the kernel is asked
 * first. That costs a system call, and is done only if a write has found no room since the start.
 */
#include "hooks.h"

#include <sys/syscall.h>
#include <unistd.h>

/* FUTEX_WAIT | FUTEX_PRIVATE_FLAG (uapi/linux/futex.h), whose headers need not be installed. */
#define FUTEX_WAIT_HERE 128L
/* As small as the pages of any architecture, or smaller. */
#define PAGE 4096u

#ifdef SYS_futex
#define FUTEX_NUMBER SYS_futex
#else
#define FUTEX_NUMBER SYS_futex_time64
#endif

/* Whether the kernel can read the word at this address. It compares it with a value, and waits no time
 * at all where that is the same (kernel/futex/waitwake.c, futex_wait_setup). */
static bool is_word_readable(uintptr_t address)
{
    static const int64_t no_time[2]; /* wide enough for both widths of its fields */
    long failed = NEXT_VARIADIC(syscall, syscall_function)(
        FUTEX_NUMBER, address & ~(uintptr_t)3, FUTEX_WAIT_HERE, 0x7ffffffeL, no_time, NULL, 0L);
    return failed == -1 && (errno == EAGAIN || errno == ETIMEDOUT);
}

/* size is not 0. */
static bool is_readable(const void *start, size_t size)
{
    int saved = errno;
    uintptr_t address = (uintptr_t)start, last = address + size - 1;
    bool readable = last >= address && is_word_readable(address);
    for (address |= PAGE - 1; readable && address < last; address += PAGE)
        readable = is_word_readable(address + 1);
    errno = saved;
    return readable;
}

static bool was_room_missed(void)
{
    return atomic_load_explicit(&epshim_any_unwritten, memory_order_relaxed);
}

uintptr_t poll_begins(const struct pollfd *entries, nfds_t count)
{
    uintptr_t wait = 0;
    if (!was_room_missed() || !may_call(REFUSED_SLEEP) || count == 0 || count > WATCHABLE ||
        !is_readable(entries, count * sizeof(*entries)))
        return 0;
    for (nfds_t i = 0; i < count; i++)
        if (entries[i].events & (POLLOUT | POLLWRNORM) && is_watched(entries[i].fd)) {
            wait = (uintptr_t)__builtin_frame_address(0);
            on_room_awaited(entries[i].fd, wait);
        }
    return wait;
}

void poll_ended(uintptr_t wait, const struct pollfd *entries, nfds_t count, int result)
{
    if (wait != 0)
        on_room_wait_ended(wait);
    if (result <= 0)
        return;
    for (nfds_t i = 0; i < count; i++)
        if (entries[i].revents & (POLLIN | POLLRDNORM) && is_watched(entries[i].fd))
            on_input_polled(entries[i].fd);
}

/* The watched descriptors below limit that are in one word of a set. A set may be shorter than limit
 * says: the kernel looks no further than the process's table of descriptors goes (fs/select.c,
 * core_sys_select). So no word is read that has no watched descriptor, and beyond fd_set's own size, or
 * before the kernel has read it, none without asking. */
static unsigned long watched_of(const fd_set *set, unsigned word, unsigned limit, bool is_new)
{
    unsigned long watched = atomic_load_explicit(&epshim_watched[word], memory_order_relaxed);
    const unsigned long *words = (const unsigned long *)set;
    if (limit - word * WORD_BITS < WORD_BITS)
        watched &= (1UL << (limit - word * WORD_BITS)) - 1;
    bool must_ask = is_new || word >= FD_SETSIZE / WORD_BITS;
    if (watched == 0 || (must_ask && !is_readable(&words[word], sizeof(*words))))
        return 0;
    return watched & words[word];
}

static unsigned bounded(int limit, const fd_set *set)
{
    unsigned end = atomic_load_explicit(&epshim_watched_end, memory_order_relaxed);
    if (limit <= 0 || set == NULL)
        return 0;
    return (unsigned)limit < end ? (unsigned)limit : end;
}

uintptr_t select_begins(int limit, const fd_set *writing)
{
    uintptr_t wait = 0;
    unsigned end = was_room_missed() ? bounded(limit, writing) : 0;
    for (unsigned word = 0; word * WORD_BITS < end; word++) {
        unsigned long bits = watched_of(writing, word, end, true);
        for (; bits != 0; bits &= bits - 1) {
            wait = (uintptr_t)__builtin_frame_address(0);
            on_room_awaited((int)(word * WORD_BITS) + __builtin_ctzl(bits), wait);
        }
    }
    return wait;
}

void select_ended(uintptr_t wait, int limit, const fd_set *reading, int result)
{
    if (wait != 0)
        on_room_wait_ended(wait);
    unsigned end = result > 0 ? bounded(limit, reading) : 0;
    for (unsigned word = 0; word * WORD_BITS < end; word++) {
        unsigned long bits = watched_of(reading, word, end, false);
        for (; bits != 0; bits &= bits - 1)
            on_input_polled((int)(word * WORD_BITS) + __builtin_ctzl(bits));
    }
}
