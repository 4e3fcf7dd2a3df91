/* The library opened with dlopen(3), as other languages do, and no memory: a thread that uses a reactor
 * for the first time needs none. A thread-local variable would need some: glibc allocates it at its
 * first use, and ends the program where that is refused ("cannot allocate memory for thread-local
 * data: ABORT").
 *
 * The program's argument is the path of libepshim.so. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"
#include "refusing_malloc.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#ifndef __GLIBC__
int main(void)
{
    SKIP("only glibc lets a program put its own malloc before libc's by these names");
}
#else

#define FOR_EACH_FUNCTION(DO)                                                                      \
    DO(new)                                                                                        \
    DO(free)                                                                                       \
    DO(add)                                                                                        \
    DO(modify)                                                                                     \
    DO(remove)                                                                                     \
    DO(again)                                                                                      \
    DO(timer)                                                                                      \
    DO(on_wake)                                                                                    \
    DO(spin)                                                                                       \
    DO(wake)                                                                                       \
    DO(stop)                                                                                       \
    DO(run)                                                                                        \
    DO(run_once)

/* The functions of the reactor, as the library has them. */
static struct {
#define FIELD(name) __typeof__(epshim_reactor_##name) *name##_;
    FOR_EACH_FUNCTION(FIELD)
} reactor_;

static struct epshim_reactor *reactor;
static uint64_t handle;
static int calls;

static void open_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
#define LOOK_UP(name)                                                                              \
    *(void **)&reactor_.name##_ = dlsym(library, "epshim_reactor_" #name);                         \
    CHECK(reactor_.name##_ != NULL);
    FOR_EACH_FUNCTION(LOOK_UP)
}

static void on_event(struct epshim_reactor *of, uint64_t of_handle, uint32_t flags, void *data)
{
    (void)of, (void)of_handle, (void)flags, (void)data;
    calls++;
    CHECK_EQ(reactor_.stop_(of), 0);
}

static void *use_without_memory(void *unused)
{
    struct epshim_reactor *other;
    refuse(0, 1);
    CHECK_EQ(reactor_.modify_(reactor, handle, EPOLLIN | EPOLLET), 0);
    CHECK_EQ(reactor_.again_(reactor, handle, EPOLLOUT), 0);
    CHECK_EQ(reactor_.timer_(reactor, handle, 1), 0);
    CHECK_EQ(reactor_.on_wake_(reactor, on_event, NULL), 0);
    CHECK_EQ(reactor_.spin_(reactor, 1000), 0);
    CHECK_EQ(reactor_.wake_(reactor), 0);
    CHECK_EQ(reactor_.run_(reactor), 0);
    CHECK(calls >= 1);
    CHECK(reactor_.run_once_(reactor, 0) >= 0);
    CHECK_FAILS(reactor_.new_(&other), ENOMEM);
    CHECK_EQ(reactor_.remove_(reactor, handle), 0);
    CHECK_EQ(reactor_.free_(reactor), 0);
    refuse_nothing();
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    int event = eventfd(1, EFD_CLOEXEC);
    CHECK_EQ(argc, 2);
    open_library(argv[1]);
    /* In another thread, and in the one that has opened it. */
    for (int in_thread = 1; in_thread >= 0; in_thread--) {
        calls = 0;
        CHECK_EQ(reactor_.new_(&reactor), 0);
        CHECK_EQ(reactor_.add_(reactor, event, EPOLLIN, on_event, NULL, &handle), 0);
        if (in_thread) {
            CHECK_EQ(pthread_create(&thread, NULL, use_without_memory, NULL), 0);
            CHECK_EQ(pthread_join(thread, NULL), 0);
        } else {
            use_without_memory(NULL);
        }
    }
    return 0;
}
#endif
