/* A call with two descriptors, told to those that are watched. */
#ifndef EPSHIM_TRANSFER_H
#define EPSHIM_TRANSFER_H

#include "hooks.h"

struct transfer {
    int from, to;      /* -1 where not watched */
    enum tell_io kind; /* of the input */
    const void *site;
};

struct transfer transfer_begins(int from, enum tell_io kind, int to, bool dontwait,
                                const void *site);

/* Tells both sides, and returns got. output_fails: an error is the output's, else the input's. */
ssize_t transfer_ended(const struct transfer *transfer, size_t size, ssize_t got, bool output_fails);

#endif
