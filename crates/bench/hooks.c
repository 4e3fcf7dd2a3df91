/*
 * What a hook costs: the function that the program gets, which is the hook when the library is
 * preloaded, against libc's own, called by turns in blocks within one process.
 *
 * usage: LD_PRELOAD=libepshim_preload.so [EPSHIM_OPTIONS=mode=check] hooks [PAIRS]
 *
 * One line for each call: nanoseconds of libc's own, the median of what the hook adds, with the 95%
 * interval of that median (by rank), and the same in per cent.
 */
#define _GNU_SOURCE
#include "../preload/tests/hooked_calls.h"

#include <math.h>
#include <time.h>

#define BLOCK 2000

static double time_block(const struct call *call, uintptr_t function)
{
    struct timespec from, to;
    long as_expected = 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < BLOCK; i++)
        as_expected += call->once(function) == call->expected;
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (as_expected != BLOCK)
        fail("a call returned something else");
    return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / BLOCK;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure(const struct call *call, int pairs)
{
    double *added = calloc((size_t)pairs, sizeof(double));
    double *plain = calloc((size_t)pairs, sizeof(double));
    uintptr_t both[2];
    find_both(call->name, both);
    uintptr_t theirs = both[0], ours = both[1];
    for (int i = -2; i < pairs; i++) { /* two pairs to warm up */
        int is_ours_first = i % 2 == 0;
        double first = time_block(call, is_ours_first ? ours : theirs);
        double second = time_block(call, is_ours_first ? theirs : ours);
        if (i < 0)
            continue;
        plain[i] = is_ours_first ? second : first;
        added[i] = is_ours_first ? first - second : second - first;
    }
    qsort(added, (size_t)pairs, sizeof(double), compare);
    qsort(plain, (size_t)pairs, sizeof(double), compare);
    int half = (int)ceil(0.98 * sqrt(pairs));
    double base = plain[pairs / 2], low = added[pairs / 2 - half], high = added[pairs / 2 + half];
    printf("%-12s %7.1f ns %+6.2f ns [%+.2f, %+.2f] %+6.2f%% [%+.2f, %+.2f]%s\n", call->name, base,
           added[pairs / 2], low, high, added[pairs / 2] / base * 100, low / base * 100,
           high / base * 100, ours == theirs ? " (libc itself)" : "");
    free(added);
    free(plain);
}

int main(int count, char **arguments)
{
    int pairs = count > 1 ? atoi(arguments[1]) : 1000;
    if (pairs < 10)
        return 2;
    prepare();
    for (size_t i = 0; i < CALLS; i++)
        measure(&calls[i], pairs);
    return 0;
}
