/* Starts the echo server and ends it; what it says on stderr. */
#include "echo.h"

#include <errno.h>
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

static bool start(struct server *server, const struct options *options)
{
    server->epoll = epshim_create1(EPOLL_CLOEXEC);
    if (server->epoll == -1) {
        say_errno("cannot create an epoll");
        return false;
    }
    return signals_open(server) && listener_open(server, options) && listener_announce(server);
}

int main(int argc, char **argv)
{
    static struct server server = {
        .epoll = -1, .listener = -1, .stop_signals = -1, .statistics = -1};
    struct options options;
    int status = options_parse(argc, argv, &options);
    if (status >= 0)
        return status;

    status = start(&server, &options) ? server_run(&server) : 1;

    while (server.connections)
        connection_close(&server, server.connections);
    if (server.listener != -1)
        close(server.listener);
    if (server.stop_signals != -1)
        close(server.stop_signals);
    /* The handler of SIGUSR1 writes to server.statistics until the process ends: it stays open. */
    if (server.epoll != -1)
        epshim_close(server.epoll);
    return status;
}
