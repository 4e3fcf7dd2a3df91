/* Checks for the C tests. A failed check prints the expression, both values and errno, and ends
 * the program with 1. Exit status: 0 passed, 1 failed, 77 skipped, with the reason on stdout. */
#ifndef CHECK_H
#define CHECK_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two numbers must be equal. */
#define CHECK_EQ(got, expected)                                                                    \
    do {                                                                                           \
        long long got_ = (long long)(got), expected_ = (long long)(expected);                      \
        int errno_ = errno;                                                                        \
        if (got_ != expected_) {                                                                   \
            fprintf(stderr, "%s:%d: %s is %lld (%#llx), expected %s = %lld; errno %d (%s)\n",      \
                    __FILE__, __LINE__, #got, got_, (unsigned long long)got_, #expected,           \
                    expected_, errno_, strerror(errno_));                                          \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* A condition must hold. */
#define CHECK(condition) CHECK_EQ(!!(condition), 1)

/* A call must fail with this errno. */
#define CHECK_FAILS(call, expected_errno)                                                          \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK_EQ((call), -1);                                                                      \
        CHECK_EQ(errno, expected_errno);                                                           \
    } while (0)

/* A call must succeed and leave errno alone. */
#define CHECK_SUCCEEDS(call, expected)                                                             \
    do {                                                                                           \
        errno = 12345;                                                                             \
        CHECK_EQ((call), expected);                                                                \
        CHECK_EQ(errno, 12345);                                                                    \
    } while (0)

/* Ends the test as skipped. */
#define SKIP(reason)                                                                               \
    do {                                                                                           \
        printf("skipped: %s\n", reason);                                                           \
        exit(77);                                                                                  \
    } while (0)

/* Whether to hand the kernel pointers that it must refuse: memcheck reports each of them, rightly.
 * The test driver sets the variable when it runs valgrind. */
static inline int bad_pointers_allowed(void)
{
    return getenv("UNDER_VALGRIND") == NULL;
}

/* How many descriptors the process has open, the one used to count left out. */
static inline int open_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    CHECK(directory != NULL);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count - 3; /* ".", ".." and the directory itself */
}

#endif
