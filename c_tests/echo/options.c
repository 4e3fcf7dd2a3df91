/* The command line. Every mistake is one line on stderr that says what to do, and status 2. */
#include "echo.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "Usage: epshim-echo [--bind ADDR] [--port N]\n"
    "\n"
    "Sends back every byte that it receives over TCP, until the peer ends its side.\n"
    "\n"
    "Options:\n"
    "  --bind ADDR  numeric IPv4 or IPv6 address to listen on (default 127.0.0.1)\n"
    "  --port N     port to listen on, 0 to 65535; 0 picks a free one (default 7878)\n"
    "  --help       print this text\n"
    "\n"
    "The first line on stdout is the chosen address: listening on 127.0.0.1:7878\n"
    "\n"
    "Signals:\n"
    "  SIGTERM, SIGINT  stop: accept no new connections, echo what has arrived, then close.\n"
    "                   A peer without progress for 10 seconds is given up. A second signal\n"
    "                   stops at once.\n"
    "  SIGUSR1          print one line of statistics on stderr\n"
    "\n"
    "Memory: a connection owns a buffer only while its peer is slow to read, of at most 256 KiB;\n"
    "until that is sent, nothing more is read from it.\n"
    "\n"
    "Exit status: 0 stopped, all bytes echoed; 1 cannot start, or stopped with bytes lost;\n"
    "2 wrong arguments.\n";

struct given {
    const char *bind, *port;
};

/* An argument as it can stand in one line: control characters become '?'. */
static const char *printable(const char *text)
{
    static char copy[200];
    size_t i;
    for (i = 0; text[i] && i < sizeof copy - 1; i++) {
        unsigned char byte = (unsigned char)text[i];
        copy[i] = byte < 0x20 || byte == 0x7f ? '?' : text[i];
    }
    copy[i] = '\0';
    return copy;
}

static bool parse_port(const char *text, in_port_t *port)
{
    unsigned value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
        if (value > 65535)
            return false;
    }
    *port = htons((uint16_t)value);
    return true;
}

static bool parse_address(const char *text, in_port_t port, struct options *options)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
    memset(options, 0, sizeof *options);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&options->address, &v4, sizeof v4);
        options->length = sizeof v4;
    } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(&options->address, &v6, sizeof v6);
        options->length = sizeof v6;
    }
    return options->length > 0;
}

/* The value of an option at argv[*i], "--name=value" or "--name value"; NULL if it has none. */
static const char *value_of(int argc, char **argv, int *i, size_t name)
{
    if (argv[*i][name] == '=')
        return argv[*i] + name + 1;
    return *i + 1 < argc ? argv[++*i] : NULL;
}

static bool is(const char *argument, const char *name)
{
    size_t length = strlen(name);
    return !strncmp(argument, name, length) && (!argument[length] || argument[length] == '=');
}

/* Takes one option with a value. False: the mistake has been reported. */
static bool take(int argc, char **argv, int *i, const char *name, const char *kind,
                 const char **value)
{
    if (*value) {
        say("%s is given twice; give it once", name);
        return false;
    }
    *value = value_of(argc, argv, i, strlen(name));
    if (!*value)
        say("%s needs a value: %s", name, kind);
    return *value != NULL;
}

static int print_help(void)
{
    return fputs(HELP, stdout) == EOF || fflush(stdout) == EOF ? 1 : 0;
}

int options_parse(int argc, char **argv, struct options *options)
{
    struct given given = {NULL, NULL};
    in_port_t port;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!strcmp(argument, "--help")) {
            return print_help();
        } else if (is(argument, "--bind")) {
            if (!take(argc, argv, &i, "--bind", "a numeric address", &given.bind))
                return 2;
        } else if (is(argument, "--port")) {
            if (!take(argc, argv, &i, "--port", "a number from 0 to 65535", &given.port))
                return 2;
        } else {
            say("unknown argument '%s'; --help lists what there is", printable(argument));
            return 2;
        }
    }
    if (!given.bind)
        given.bind = "127.0.0.1";
    if (!given.port)
        given.port = "7878";
    if (!parse_port(given.port, &port)) {
        say("--port needs a number from 0 to 65535, not '%s'", printable(given.port));
        return 2;
    }
    if (!parse_address(given.bind, port, options)) {
        say("--bind needs a numeric address such as 127.0.0.1 or ::1, not '%s'",
            printable(given.bind));
        return 2;
    }
    return -1;
}
