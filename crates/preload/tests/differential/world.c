/* The random numbers, the digest and the pool of a world. */
#include "world.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

uint64_t random_bits(struct world *world)
{
    /* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
    world->random ^= world->random >> 12;
    world->random ^= world->random << 25;
    world->random ^= world->random >> 27;
    return world->random * 2685821657736338717u;
}

int below(struct world *world, int limit)
{
    return (int)((random_bits(world) >> 33) % (uint64_t)limit);
}

bool one_in(struct world *world, int odds)
{
    return below(world, odds) == 0;
}

void absorb(struct world *world, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) /* FNV-1a */
        world->digest = (world->digest ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
}

long note(struct world *world, const char *text, long result, long a, long b, long c)
{
    long noted[] = {result, errno, a, b, c};
    absorb(world, noted, sizeof(noted));
    if (world->calls / BLOCK == world->traced_block)
        printf("%s %ld: %s = %ld, errno %ld (%ld, %ld, %ld), digest %016llx\n", world->name,
               world->calls, text, noted[0], noted[1], a, b, c, (unsigned long long)world->digest);
    world->calls++;
    if (world->calls % BLOCK == 0 && world->traced_block < 0)
        printf("%s %ld %016llx\n", world->name, world->calls / BLOCK - 1,
               (unsigned long long)world->digest);
    return result;
}

int any(struct world *world)
{
    static const int closed[] = {-1, 5000, 1 << 20, (1 << 20) + 63, -2147483647};
    if (one_in(world, 24))
        return closed[below(world, 5)];
    int fd = -1;
    for (int tries = 0; tries < 4 && fd < 0; tries++)
        fd = world->pool[below(world, POOL)];
    return fd;
}

int any_epoll(struct world *world)
{
    if (one_in(world, 20))
        return any(world);
    int first = below(world, POOL);
    for (int i = first; i < first + POOL; i++)
        if (world->epolls[i % POOL] && world->pool[i % POOL] >= 0)
            return world->pool[i % POOL];
    return any(world);
}

int place(struct world *world)
{
    for (int tries = 0; tries < 3; tries++) {
        int i = below(world, POOL);
        if (world->pool[i] < 0)
            return i;
    }
    return below(world, POOL);
}

int adopt(struct world *world, int fd)
{
    if (fd < 0)
        return -1;
    if (world->base > 0) {
        int moved = (int)MADE(world, fcntl(fd, F_DUPFD_CLOEXEC, world->base), world->base, 0, 0);
        close(fd);
        fd = moved;
    }
    MADE(world, fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), fd, 0, 0);
    int i = place(world);
    if (world->pool[i] >= 0 && world->pool[i] != fd)
        MADE(world, close(world->pool[i]), world->pool[i], 0, 0);
    world->pool[i] = fd;
    world->epolls[i] = false;
    return i;
}

int take(struct world *world, const char *text, int fd)
{
    note(world, text, world->base == 0 || fd < 0 ? fd : 0, 0, 0, 0);
    return adopt(world, fd);
}

void *bad_pointer(void)
{
    static void *_Atomic page;
    void *known = page;
    if (known == NULL)
        page = known = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return known;
}
