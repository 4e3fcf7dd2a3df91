/* A reactor that spins: it finds what comes without sleeping, and its waits still end on time and
 * with signals. That it does not sleep shows in the processor time of its thread. */
#define _GNU_SOURCE
#include "check.h"
#include "epshim.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

static struct epshim_reactor *reactor;
static pthread_t spinning;
static int event;
static volatile sig_atomic_t signals;

static int64_t nanoseconds(clockid_t clock)
{
    struct timespec now;
    CHECK_EQ(clock_gettime(clock, &now), 0);
    return now.tv_sec * SECOND + now.tv_nsec;
}

/* Returns when the main thread has used the given processor time from now on; ends the test if it
 * does not, for it sleeps. */
static void wait_until_it_is_busy(int64_t time)
{
    int64_t limit = nanoseconds(CLOCK_MONOTONIC) + 60 * SECOND;
    clockid_t clock;
    CHECK_EQ(pthread_getcpuclockid(spinning, &clock), 0);
    time += nanoseconds(clock);
    while (nanoseconds(clock) < time) {
        CHECK(nanoseconds(CLOCK_MONOTONIC) < limit);
        sched_yield();
    }
}

static void *write_event(void *unused)
{
    const uint64_t one = 1;
    wait_until_it_is_busy(SECOND / 50);
    CHECK_EQ(write(event, &one, sizeof(one)), sizeof(one));
    return unused;
}

static void *send_signal(void *unused)
{
    wait_until_it_is_busy(SECOND / 50);
    CHECK_EQ(pthread_kill(spinning, SIGUSR1), 0);
    return unused;
}

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void take_event(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    uint64_t count;
    (void)reactor, (void)handle, (void)data;
    CHECK_EQ(events, EPOLLIN);
    CHECK_EQ(read(event, &count, sizeof(count)), sizeof(count));
}

static void it_finds_what_comes_while_it_spins(void)
{
    pthread_t writer;
    uint64_t handle;
    CHECK_EQ(epshim_reactor_add(reactor, event, EPOLLIN, take_event, NULL, &handle), 0);
    CHECK_SUCCEEDS(epshim_reactor_spin(reactor, 120 * SECOND), 0);
    CHECK_EQ(pthread_create(&writer, NULL, write_event, NULL), 0);
    CHECK_SUCCEEDS(epshim_reactor_run_once(reactor, -1), 1);
    CHECK_EQ(pthread_join(writer, NULL), 0);
    CHECK_EQ(epshim_reactor_remove(reactor, handle), 0);
}

static void it_ends_with_the_timeout(void)
{
    int64_t start = nanoseconds(CLOCK_MONOTONIC), took;
    CHECK_SUCCEEDS(epshim_reactor_spin(reactor, 120 * SECOND), 0);
    CHECK_SUCCEEDS(epshim_reactor_run_once(reactor, SECOND / 100), 0);
    took = nanoseconds(CLOCK_MONOTONIC) - start;
    CHECK(took >= SECOND / 100 && took < 60 * SECOND);
}

static void a_signal_ends_the_wait_when_the_spinning_is_over(void)
{
    struct sigaction action = {.sa_handler = count_signal};
    pthread_t sender;
    sigset_t mask;
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_SUCCEEDS(epshim_reactor_spin(reactor, SECOND / 5), 0);
    CHECK_EQ(pthread_create(&sender, NULL, send_signal, NULL), 0);
    while (signals == 0) /* Short of processor time, it may come in a later wait. */
        CHECK_FAILS(epshim_reactor_run_once(reactor, 60 * SECOND), EINTR);
    CHECK_EQ(signals, 1);
    CHECK_EQ(pthread_join(sender, NULL), 0);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    CHECK_EQ(sigismember(&mask, SIGUSR1), 0);
}

int main(void)
{
    spinning = pthread_self();
    event = eventfd(0, EFD_NONBLOCK);
    CHECK(event >= 0);
    CHECK_EQ(epshim_reactor_new(&reactor), 0);
    it_finds_what_comes_while_it_spins();
    it_ends_with_the_timeout();
    a_signal_ends_the_wait_when_the_spinning_is_over();
    CHECK_SUCCEEDS(epshim_reactor_free(reactor), 0);
    CHECK_EQ(close(event), 0);
    return 0;
}
