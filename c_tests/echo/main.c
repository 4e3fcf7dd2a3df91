/* Starts the echo server, one thread or several, and ends it; what it says on stderr. */
#include "echo.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Runs one server to its end. One that fails does not leave the others behind. */
static void *run(void *one)
{
    struct server *server = one;
    int status = server_run(server);
    if (status != 0 && !server->stopping)
        kill(getpid(), SIGTERM);
    server_close(server);
    return status == 0 ? NULL : one;
}

/* Runs them all, the first in this thread. Returns the exit status. */
static int run_all(struct server *servers, unsigned count)
{
    pthread_t threads[MAX_THREADS];
    bool failed = false;
    for (unsigned i = 1; i < count; i++) {
        int error = pthread_create(&threads[i], NULL, run, &servers[i]);
        if (error != 0) {
            errno = error;
            say_errno("cannot start a thread");
            return 1;
        }
    }
    failed = run(&servers[0]) != NULL;
    for (unsigned i = 1; i < count; i++) {
        void *result;
        failed = pthread_join(threads[i], &result) != 0 || result != NULL || failed;
    }
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    static struct server servers[MAX_THREADS]; /* pages of those that do not run are never there */
    struct options options;
    int status = options_parse(argc, argv, &options);
    if (status >= 0)
        return status;
    for (unsigned i = 0; i < options.threads; i++) {
        if (!server_open(&servers[i], &options, options.threads == 1 ? 0 : i + 1))
            return 1;
    }
    if (!signals_catch(servers, options.threads) || !listener_announce(&options))
        return 1;
    return run_all(servers, options.threads);
}
