/* The reactor and what comes from elsewhere: wake-ups and stops from other threads and from signal
 * handlers, pthread_cancel, a reactor that changes threads, fork. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

static struct epshim_reactor *reactor;
static atomic_int written, seen, running, cleaned_up, got_through;

static void stop_it(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    (void)handle, (void)events, (void)data;
    CHECK_SUCCEEDS(epshim_reactor_stop(reactor), 0);
}

/* Whether a thread of this process other than the main one sleeps. */
static int another_thread_sleeps(void)
{
    int asleep = 0;
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    CHECK(tasks != NULL);
    while ((entry = readdir(tasks)) != NULL) {
        char path[300], line[512] = "";
        FILE *stat;
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%s/stat", entry->d_name);
        stat = fopen(path, "r");
        if (stat == NULL)
            continue;
        if (fgets(line, sizeof(line), stat) != NULL && strstr(line, ") S ") != NULL)
            asleep = 1;
        fclose(stat);
    }
    closedir(tasks);
    return asleep;
}

static void *run(void *unused)
{
    running = 1;
    CHECK_SUCCEEDS(epshim_reactor_run(reactor), 0);
    running = 0;
    return unused;
}

static void a_stop_ends_a_run_that_sleeps(void)
{
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, run, NULL), 0);
        while (i % 2 && !(running && another_thread_sleeps()))
            sched_yield();
        /* Asleep, or not yet begun: the stop counts in both cases. */
        CHECK_SUCCEEDS(epshim_reactor_stop(reactor), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
}

static void note_wake(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    CHECK(handle == 0 && events == 0 && data == &seen);
    seen = atomic_load_explicit(&written, memory_order_relaxed);
    if (seen == 40000)
        CHECK_EQ(epshim_reactor_stop(reactor), 0);
}

static void *wake_often(void *unused)
{
    for (int i = 0; i < 20000; i++) {
        atomic_fetch_add_explicit(&written, 1, memory_order_relaxed);
        CHECK_SUCCEEDS(epshim_reactor_wake(reactor), 0);
    }
    return unused;
}

static void no_wake_up_is_lost(void)
{
    pthread_t threads[2];
    CHECK_SUCCEEDS(epshim_reactor_on_wake(reactor, note_wake, &seen), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, wake_often, NULL), 0);
    CHECK_EQ(epshim_reactor_run(reactor), 0);
    CHECK_EQ(seen, 40000);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_SUCCEEDS(epshim_reactor_on_wake(reactor, NULL, NULL), 0);
    CHECK_EQ(epshim_reactor_wake(reactor), 0);
    CHECK_EQ(epshim_reactor_run_once(reactor, 0), 0);
}

static void stop_on_signal(int number)
{
    (void)number;
    CHECK_SUCCEEDS(epshim_reactor_stop(reactor), 0);
}

static void a_signal_handler_may_stop_it(void)
{
    struct sigaction action = {.sa_handler = stop_on_signal};
    pthread_t thread;
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, run, NULL), 0);
    while (!running)
        sched_yield();
    CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static void clean_up(void *unused)
{
    (void)unused;
    cleaned_up++;
}

/* Everything that makes a system call with a cancellation in it, with a request pending. */
static void *use_while_a_cancellation_is_pending(void *unused)
{
    struct epshim_reactor *another;
    int fd = eventfd(1, EFD_NONBLOCK);
    pthread_cleanup_push(clean_up, NULL);
    CHECK_EQ(pthread_cancel(pthread_self()), 0);
    CHECK_SUCCEEDS(epshim_reactor_new(&another), 0);
    CHECK_SUCCEEDS(epshim_reactor_add(another, fd, EPOLLIN, stop_it, NULL, NULL), 0);
    CHECK_SUCCEEDS(epshim_reactor_wake(another), 0);
    CHECK_SUCCEEDS(epshim_reactor_run(another), 0);
    CHECK_EQ(epshim_reactor_run_once(another, 0), 0); /* the rest of the stopped round */
    CHECK_EQ(epshim_reactor_run_once(another, 0), 1);
    CHECK_SUCCEEDS(epshim_reactor_free(another), 0);
    got_through = 1; /* a check that fails would be cancelled too, before it is printed */
    close(fd); /* cancelled here */
    pthread_cleanup_pop(0);
    CHECK(!"reached");
    return unused;
}

static void *run_and_be_cancelled(void *unused)
{
    pthread_cleanup_push(clean_up, NULL);
    run(NULL);
    pthread_testcancel();
    pthread_cleanup_pop(0);
    CHECK(!"reached");
    return unused;
}

static void cancellation_waits_for_the_end_of_the_run(void)
{
    pthread_t thread;
    void *result;
    int before = open_descriptors();
    CHECK_EQ(pthread_create(&thread, NULL, use_while_a_cancellation_is_pending, NULL), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED && cleaned_up == 1 && got_through);
    CHECK(open_descriptors() <= before + 1);

    CHECK_EQ(pthread_create(&thread, NULL, run_and_be_cancelled, NULL), 0);
    while (!(running && another_thread_sleeps()))
        sched_yield();
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK_EQ(epshim_reactor_stop(reactor), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED && cleaned_up == 2 && !running);
}

static void a_child_may_free_its_copy_and_the_parent_feels_nothing(void)
{
    int fd = eventfd(1, EFD_NONBLOCK), status;
    uint64_t handle;
    pid_t child;
    CHECK_EQ(epshim_reactor_add(reactor, fd, EPOLLIN, stop_it, NULL, &handle), 0);
    child = fork();
    if (child == 0) {
        CHECK_SUCCEEDS(epshim_reactor_free(reactor), 0);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_SUCCEEDS(epshim_reactor_run(reactor), 0);
    CHECK_EQ(epshim_reactor_remove(reactor, handle), 0);
    CHECK_EQ(close(fd), 0);
}

int main(void)
{
    CHECK_EQ(epshim_reactor_new(&reactor), 0);
    a_stop_ends_a_run_that_sleeps();
    no_wake_up_is_lost();
    a_signal_handler_may_stop_it();
    cancellation_waits_for_the_end_of_the_run();
    a_child_may_free_its_copy_and_the_parent_feels_nothing();
    CHECK_SUCCEEDS(epshim_reactor_free(reactor), 0);
    return 0;
}
