/* Every misuse of the reactor that can be told from right use is -1 and an errno, in any thread that does it
 * and from where: outside, in a callback, in another thread, in a signal handler. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static _Atomic int checks;

static void nothing(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    (void)reactor, (void)handle, (void)events, (void)data;
}

/* Every function that takes a handle refuses this one. */
static void refuses_handle(struct epshim_reactor *reactor, uint64_t handle, int expected)
{
    CHECK_FAILS(epshim_reactor_modify(reactor, handle, EPOLLIN), expected);
    CHECK_FAILS(epshim_reactor_remove(reactor, handle), expected);
    CHECK_FAILS(epshim_reactor_again(reactor, handle, EPOLLIN), expected);
    CHECK_FAILS(epshim_reactor_timer(reactor, handle, 0), expected);
    CHECK_FAILS(epshim_reactor_timer(reactor, handle, -1), expected);
    checks++;
}

/* Every function that is for one thread at a time refuses to be called here. */
static void refuses_use(struct epshim_reactor *reactor, uint64_t handle, int expected)
{
    uint64_t untouched = 7;
    CHECK_FAILS(epshim_reactor_add(reactor, 0, EPOLLIN, nothing, NULL, &untouched), expected);
    CHECK_EQ(untouched, 7);
    refuses_handle(reactor, handle, expected);
    CHECK_FAILS(epshim_reactor_on_wake(reactor, nothing, NULL), expected);
    CHECK_FAILS(epshim_reactor_on_round_end(reactor, nothing, NULL), expected);
    CHECK_FAILS(epshim_reactor_spin(reactor, 0), expected);
    CHECK_FAILS(epshim_reactor_run(reactor), expected);
    CHECK_FAILS(epshim_reactor_run_once(reactor, 0), expected);
    if (reactor != NULL)
        CHECK_FAILS(epshim_reactor_free(reactor), expected);
}

static void no_reactor(void)
{
    refuses_use(NULL, 1, EFAULT);
    CHECK_FAILS(epshim_reactor_wake(NULL), EFAULT);
    CHECK_FAILS(epshim_reactor_stop(NULL), EFAULT);
    CHECK_FAILS(epshim_reactor_new(NULL), EFAULT);
    CHECK_SUCCEEDS(epshim_reactor_free(NULL), 0);
}

static void bad_handles(struct epshim_reactor *reactor, uint64_t good, int fd)
{
    struct epshim_reactor *other;
    uint64_t gone, foreign;
    CHECK_EQ(epshim_reactor_add(reactor, -1, 0, nothing, NULL, &gone), 0);
    CHECK_EQ(epshim_reactor_remove(reactor, gone), 0);
    refuses_handle(reactor, gone, ENOENT);
    CHECK_EQ(epshim_reactor_new(&other), 0);
    CHECK_EQ(epshim_reactor_add(other, fd, EPOLLIN, nothing, NULL, &foreign), 0);
    refuses_handle(reactor, foreign, EINVAL);
    refuses_handle(other, good, EINVAL);
    CHECK_EQ(epshim_reactor_free(other), 0);
    refuses_handle(reactor, foreign, EINVAL);
    /* A reactor made later is another one, even with the same memory and descriptors. */
    CHECK_EQ(epshim_reactor_new(&other), 0);
    CHECK_EQ(epshim_reactor_add(other, fd, EPOLLIN, nothing, NULL, NULL), 0);
    refuses_handle(other, foreign, EINVAL);
    CHECK_EQ(epshim_reactor_free(other), 0);
    refuses_handle(reactor, 0, EINVAL);
    refuses_handle(reactor, 1, EINVAL);
    refuses_handle(reactor, UINT64_MAX, EINVAL);
    refuses_handle(reactor, good + 1, ENOENT);
    refuses_handle(reactor, good | 0xffffff, ENOENT);
    CHECK_FAILS(epshim_reactor_again(reactor, good, 0), EINVAL);
    CHECK_FAILS(epshim_reactor_spin(reactor, -1), EINVAL);
}

static void bad_registrations(struct epshim_reactor *reactor, int fd)
{
    int file = open("/proc/self/exe", O_RDONLY), closed = dup(fd);
    uint64_t handle = 7;
    CHECK_EQ(close(closed), 0);
    CHECK_FAILS(epshim_reactor_add(reactor, fd, EPOLLIN, nothing, NULL, &handle), EEXIST);
    CHECK_FAILS(epshim_reactor_add(reactor, file, EPOLLIN, nothing, NULL, &handle), EPERM);
    CHECK_FAILS(epshim_reactor_add(reactor, closed, EPOLLIN, nothing, NULL, &handle), EBADF);
    /* Only without events is -1 meant. */
    CHECK_FAILS(epshim_reactor_add(reactor, -1, EPOLLIN, nothing, NULL, &handle), EBADF);
    CHECK_FAILS(epshim_reactor_add(reactor, -2, 0, nothing, NULL, &handle), EBADF);
    CHECK_FAILS(epshim_reactor_add(reactor, 0x7fffffff, 0, nothing, NULL, &handle), EBADF);
    CHECK_FAILS(epshim_reactor_add(reactor, file, 0, NULL, NULL, &handle), EFAULT);
    CHECK_EQ(handle, 7);
    CHECK_EQ(epshim_reactor_add(reactor, -1, 0, nothing, NULL, &handle), 0);
    CHECK_FAILS(epshim_reactor_modify(reactor, handle, EPOLLIN), EINVAL);
    CHECK_SUCCEEDS(epshim_reactor_remove(reactor, handle), 0);
    CHECK_EQ(close(file), 0);
}

struct scene {
    struct epshim_reactor *reactor;
    uint64_t handle;
    int fd;
};

static struct scene scene;

static void *use_from_another_thread(void *unused)
{
    (void)unused;
    refuses_use(scene.reactor, scene.handle, EINVAL);
    /* These two are for every thread. */
    CHECK_SUCCEEDS(epshim_reactor_wake(scene.reactor), 0);
    CHECK_SUCCEEDS(epshim_reactor_stop(scene.reactor), 0);
    return NULL;
}

static void in_callback(struct epshim_reactor *reactor, uint64_t handle, uint32_t events,
                        void *data)
{
    pthread_t thread;
    CHECK(reactor == scene.reactor && handle == scene.handle && data == &scene);
    CHECK_EQ(events, EPOLLIN);
    CHECK_FAILS(epshim_reactor_free(reactor), EBUSY);
    CHECK_FAILS(epshim_reactor_run(reactor), EBUSY);
    CHECK_FAILS(epshim_reactor_run_once(reactor, 0), EBUSY);
    bad_handles(reactor, handle, scene.fd);
    bad_registrations(reactor, scene.fd);
    CHECK_EQ(pthread_create(&thread, NULL, use_from_another_thread, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_SUCCEEDS(epshim_reactor_modify(reactor, handle, EPOLLIN | EPOLLET), 0);
}

static void on_signal(int number)
{
    int before = errno;
    (void)number;
    /* The signal interrupts the wait: the reactor's own thread is inside. */
    refuses_use(scene.reactor, scene.handle, EINVAL);
    CHECK_SUCCEEDS(epshim_reactor_stop(scene.reactor), 0);
    errno = before;
}

/* Whether the main thread sleeps (proc_pid_stat(5)). */
static int main_thread_sleeps(void)
{
    char line[512] = "";
    FILE *stat = fopen("/proc/self/stat", "r");
    CHECK(stat != NULL && fgets(line, sizeof(line), stat) != NULL);
    CHECK_EQ(fclose(stat), 0);
    return strstr(line, ") S ") != NULL;
}

static _Atomic int about_to_run;

/* Sends the main thread one signal, while it sleeps in its wait. */
static void *interrupt_the_wait(void *thread)
{
    while (!about_to_run || !main_thread_sleeps())
        sched_yield();
    CHECK_EQ(pthread_kill(*(pthread_t *)thread, SIGUSR1), 0);
    return NULL;
}

static void in_a_signal_handler(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    pthread_t self = pthread_self(), thread;
    checks = 0;
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, interrupt_the_wait, &self), 0);
    about_to_run = 1;
    /* The wait would never end by itself; the handler's stop ends it. */
    CHECK_EQ(epshim_reactor_run(scene.reactor), 0);
    CHECK_EQ(checks, 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

int main(void)
{
    int before = open_descriptors();
    scene.fd = eventfd(1, EFD_NONBLOCK);
    no_reactor();
    CHECK_EQ(epshim_reactor_new(&scene.reactor), 0);
    CHECK_EQ(epshim_reactor_add(scene.reactor, scene.fd, EPOLLIN, in_callback, &scene,
                                &scene.handle),
             0);
    bad_handles(scene.reactor, scene.handle, scene.fd);
    bad_registrations(scene.reactor, scene.fd);
    /* The thread in the callback stops it. */
    CHECK_SUCCEEDS(epshim_reactor_run(scene.reactor), 0);
    /* The edge, after the modification in the callback, and the wake-up, which calls no callback. */
    CHECK_EQ(epshim_reactor_modify(scene.reactor, scene.handle, 0), 0);
    CHECK_EQ(epshim_reactor_run_once(scene.reactor, 0), 0);
    in_a_signal_handler();
    CHECK_SUCCEEDS(epshim_reactor_free(scene.reactor), 0);
    CHECK_EQ(close(scene.fd), 0);
    CHECK_EQ(open_descriptors(), before);
    return 0;
}
