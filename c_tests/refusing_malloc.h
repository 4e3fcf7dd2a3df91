/* A malloc family of the program's own, which stands before libc's for the library too: it counts the
 * blocks that live, and refuses what it is told to refuse. Only glibc lets a program have libc's own
 * under other names. The program has one thread at a time that allocates. */
#ifndef REFUSING_MALLOC_H
#define REFUSING_MALLOC_H

#include <errno.h>
#include <stdlib.h>

#ifdef __GLIBC__

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *block);

/* Blocks that live, calls that asked for memory, and calls that were refused it. */
static long blocks, asked, refused;
/* The first call that is refused, from 0; -1: none. Those after it are refused too, or are not. */
static long refuse_from = -1;
static int refuse_all_after;

static inline void refuse(long from, int all_after)
{
    asked = refused = 0;
    refuse_from = from;
    refuse_all_after = all_after;
}

static inline void refuse_nothing(void)
{
    refuse_from = -1;
}

static int is_refused(void)
{
    long call = asked++;
    if (refuse_from < 0 || call < refuse_from || (call > refuse_from && !refuse_all_after))
        return 0;
    refused++;
    return 1;
}

static void *counted(void *block)
{
    blocks += block != NULL;
    return block;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return is_refused() ? no_memory() : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return is_refused() ? no_memory() : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    if (is_refused())
        return no_memory();
    return old == NULL ? counted(__libc_realloc(old, size)) : __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    return is_refused() ? no_memory() : counted(__libc_memalign(align, size));
}

int posix_memalign(void **out, size_t align, size_t size)
{
    void *block = is_refused() ? NULL : counted(__libc_memalign(align, size));
    if (block == NULL)
        return ENOMEM;
    *out = block;
    return 0;
}

void free(void *block)
{
    int saved = errno;
    blocks -= block != NULL;
    __libc_free(block);
    errno = saved;
}

#endif /* __GLIBC__ */
#endif /* REFUSING_MALLOC_H */
