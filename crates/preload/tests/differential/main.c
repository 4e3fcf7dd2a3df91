/*
 * usage: differential SEED CALLS [WORLD BLOCK]
 *
 * Makes CALLS calls in one thread, with fork, vfork and signals, and then CALLS in four threads at
 * once. Prints a digest for every block of calls; or, given a world and a block, those calls.
 */
#include "world.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREADS 4

static long wanted;

void call_any(struct world *world)
{
    int choice = below(world, 100);
    if (choice < 37)
        call_epoll(world);
    else if (choice < 45)
        call_poll(world);
    else if (choice < 60)
        call_input(world);
    else if (choice < 75)
        call_output(world);
    else if (choice < 85)
        call_messages(world);
    else
        call_descriptor(world);
}

static void *run(void *argument)
{
    struct world *world = argument;
    while (world->calls < wanted)
        if (world->base == 0 && one_in(world, 400))
            call_process(world);
        else
            call_any(world);
    return NULL;
}

static void begin(struct world *world, const char *name, int base, char **arguments)
{
    world->name = name;
    world->random = (strtoull(arguments[1], NULL, 0) + (uint64_t)base) * 2654435769u + 1;
    world->base = base;
    world->traced_block = -1;
    if (arguments[3] != NULL)
        world->traced_block = strcmp(arguments[3], name) == 0 ? atol(arguments[4]) : -2;
    for (int i = 0; i < POOL; i++)
        world->pool[i] = -1;
}

int main(int count, char **arguments)
{
    static const char *const names[] = {"alone", "first", "second", "third", "fourth"};
    struct rlimit limit = {4096, 4096};
    pthread_t threads[THREADS];
    if (count != 3 && count != 5)
        return 2;
    /* Shared: the children of fork note their calls in it. */
    struct world *worlds = mmap(NULL, sizeof(struct world) * (THREADS + 1), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    wanted = atol(arguments[2]);
    begin(&worlds[0], names[0], 0, arguments);
    run(&worlds[0]);
    for (int fd = 3; fd < 400; fd++)
        close(fd);
    wanted /= THREADS;
    for (int i = 0; i < THREADS; i++) {
        begin(&worlds[i + 1], names[i + 1], 1000 + i * RANGE, arguments);
        pthread_create(&threads[i], NULL, run, &worlds[i + 1]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
