/* What the hooks read before they report: data, so that it is tested without a call. */
#include "hooks.h"

_Atomic unsigned long epshim_watched[WATCHABLE / WORD_BITS];
_Atomic unsigned epshim_watched_end;
_Atomic bool epshim_any_unwritten;
_Atomic bool epshim_sigpipe_is_harmless;
_Atomic bool epshim_has_lines;
_Atomic bool epshim_checking;
_Atomic bool epshim_hazard;
_Atomic unsigned epshim_refused;

/* Always in the static TLS block, so that a signal handler may touch it: the general model may
 * allocate (glibc, elf/dl-tls.c). */
static __thread int depth __attribute__((tls_model("initial-exec")));

int *epshim_depth(void)
{
    return &depth;
}

/* Likewise: where on the stack it went into the book-keeping, or 0. */
static __thread uintptr_t frame __attribute__((tls_model("initial-exec")));

uintptr_t *epshim_frame(void)
{
    return &frame;
}

/* Likewise: the thread's id as gettid(2) has it, or 0 before the first call that asks. */
static __thread int tid __attribute__((tls_model("initial-exec")));

int *epshim_tid(void)
{
    return &tid;
}

/* Likewise: its place among the loops of the page, from 1; 0 before it has asked for one. */
static __thread uint32_t place __attribute__((tls_model("initial-exec")));

uint32_t *epshim_place(void)
{
    return &place;
}

/* Likewise: what it has read last, or 0. */
static __thread uint32_t source __attribute__((tls_model("initial-exec")));

uint32_t *epshim_source(void)
{
    return &source;
}

/* Likewise: which ring it writes its records to, or 0. */
static __thread uint32_t ring __attribute__((tls_model("initial-exec")));

uint32_t *epshim_ring(void)
{
    return &ring;
}
