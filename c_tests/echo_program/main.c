/* Starts the echo server, one thread or several, and ends it; what it says on stderr. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STACK_SIZE = 256 * 1024 /* of a thread: far more than a round needs */ };

void say(const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "epshim-echo: %s\n", line);
}

void say_errno(const char *what)
{
    say("%s: %s (os error %d)", what, strerror(errno), errno);
}

void say_statistics(unsigned thread, size_t now, uint64_t total, uint64_t echoed)
{
    char number[32] = "";
    if (thread > 0)
        snprintf(number, sizeof number, "thread %u: ", thread);
    say("%s%zu connections now, %" PRIu64 " in total, %" PRIu64 " bytes echoed", number, now, total,
        echoed);
}

void say_given_up(size_t closed, uint64_t lost)
{
    if (closed > 0)
        say("closed %zu connections without progress for 10 s; %" PRIu64 " bytes are lost", closed,
            lost);
}

void say_listener_given_up(void)
{
    say("closed the listener; connections that waited for a descriptor are lost");
}

void say_stopped_at_once(size_t closed, uint64_t lost)
{
    say("stopped by a second signal; %zu connections closed, %" PRIu64 " bytes are lost", closed,
        lost);
}

int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Runs one server to its end. One that fails does not leave the others behind. */
static void *run(void *one)
{
    struct server *server = one;
    int status = server_run(server);
    if (status != 0 && !server_is_stopping(server))
        kill(getpid(), SIGTERM);
    server_close(server);
    return status == 0 ? NULL : one;
}

/* Says which thread cannot be started: there is no memory for it or its server. */
static void say_no_thread(unsigned index, unsigned count)
{
    say("cannot start thread %u of %u: %s (os error %d)", index + 1, count, strerror(errno), errno);
}

/* Starts a thread that runs one server. False: errno says why not. */
static bool start(struct server *server, pthread_t *thread)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error == 0) {
        error = pthread_attr_setstacksize(&attributes, STACK_SIZE);
        if (error == 0)
            error = pthread_create(thread, &attributes, run, server);
        pthread_attr_destroy(&attributes);
    }
    errno = error;
    return error == 0;
}

/* Runs them all, the first in this thread, and says where they listen. Returns the exit status. */
static int run_all(struct server *const *servers, const struct options *options)
{
    pthread_t threads[MAX_THREADS];
    unsigned count = options->threads;
    bool failed;
    for (unsigned i = 1; i < count; i++) {
        if (!start(servers[i], &threads[i])) {
            say_no_thread(i, count);
            return 1;
        }
    }
    if (!listener_announce(options))
        return 1;
    failed = run(servers[0]) != NULL;
    for (unsigned i = 1; i < count; i++) {
        void *result;
        failed = pthread_join(threads[i], &result) != 0 || result != NULL || failed;
    }
    return failed ? 1 : 0;
}

/* Opens a server for each thread. The port that the first one gets is that of all. */
static bool open_all(struct server **servers, struct options *options)
{
    for (unsigned i = 0; i < options->threads; i++) {
        int listener = listener_open(options);
        if (listener == -1)
            return false;
        servers[i] = server_new(options, listener, options->threads == 1 ? 0 : i + 1);
        if (!servers[i]) {
            say_no_thread(i, options->threads);
            return false;
        }
    }
    return true;
}

/* Opens what is closed of stdin and stderr, to nothing: else a descriptor of the server's own would get
 * that number, and what is said on stderr be written to it. A closed stdout is an error: the address
 * would be lost. */
static bool streams_open(void)
{
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1) {
        say_errno("cannot write the address to standard output");
        return false;
    }
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) == -1) {
            say_errno("cannot open /dev/null for a closed standard stream");
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct server *servers[MAX_THREADS];
    struct options options;
    int status = options_parse(argc, argv, &options);
    if (status >= 0)
        return status;
    if (!streams_open() || !open_all(servers, &options) || !signals_catch(servers, options.threads))
        return 1;
    return run_all(servers, &options);
}
