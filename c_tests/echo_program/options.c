/* The command line. Every mistake is one line on stderr that says what to do, and status 2. */
#include "program.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "Usage: epshim-echo [--bind ADDR] [--port N] [--reuseport] [--threads N] [--spin-us N]\n"
    "\n"
    "Sends back every byte that it receives over TCP, until the peer ends its side.\n"
    "\n"
    "Options:\n"
    "  --bind ADDR  numeric IPv4 or IPv6 address to listen on (default 127.0.0.1)\n"
    "  --port N     port to listen on, 0 to 65535; 0 picks a free one (default 7878)\n"
    "  --reuseport  let other servers of this user listen there too: the kernel deals out the\n"
    "               connections (SO_REUSEPORT)\n"
    "  --threads N  threads, 1 to 64, each with an epoll, a listener and connections of its\n"
    "               own; more than 1 imply --reuseport (default 1)\n"
    "  --spin-us N  look for events for up to N microseconds, 0 to 1000000, before going to\n"
    "               sleep: shorter round trips, and a processor always busy (default 0)\n"
    "  --help       print this text\n"
    "\n"
    "The first line on stdout is the chosen address: listening on 127.0.0.1:7878\n"
    "\n"
    "Signals:\n"
    "  SIGTERM, SIGINT  stop: accept no new connections, echo what has arrived, then close.\n"
    "                   A peer without progress for 10 seconds is given up. A second signal\n"
    "                   stops at once.\n"
    "  SIGUSR1          print one line of statistics on stderr for each thread\n"
    "\n"
    "Memory: an idle connection takes up less than 128 bytes, besides what the kernel keeps. It owns\n"
    "a buffer only while its peer is slow to read, of at most 512 KiB; until that is sent, nothing\n"
    "more is read from it.\n"
    "\n"
    "Exit status: 0 stopped, all bytes echoed; 1 cannot start, or stopped with bytes lost;\n"
    "2 wrong arguments.\n";

enum { MAX_SPIN_US = 1000000 };

/* An option with a value, and the value that it was given. */
struct option {
    const char *name, *kind, *value;
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

/* Digits only. */
static bool parse_number(const char *text, unsigned min, unsigned max, unsigned *number)
{
    unsigned value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
        if (value > max)
            return false;
    }
    *number = value;
    return value >= min;
}

/* The number that an option was given, or what it is by default. False: reported. */
static bool number_of(const struct option *option, unsigned min, unsigned max, unsigned otherwise,
                      unsigned *number)
{
    *number = otherwise;
    if (!option->value || parse_number(option->value, min, max, number))
        return true;
    say("%s needs %s, not '%s'", option->name, option->kind, printable(option->value));
    return false;
}

static bool parse_address(const char *text, unsigned port, struct options *options)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&options->address, &v4, sizeof v4);
        options->length = sizeof v4;
    } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(&options->address, &v6, sizeof v6);
        options->length = sizeof v6;
    }
    return options->length > 0;
}

static bool is(const char *argument, const char *name)
{
    size_t length = strlen(name);
    return !strncmp(argument, name, length) && (!argument[length] || argument[length] == '=');
}

/* Takes an option with its value at argv[*i], "--name=value" or "--name value". False: the mistake
 * has been reported. */
static bool take(int argc, char **argv, int *i, struct option *option)
{
    const char *rest = argv[*i] + strlen(option->name);
    if (option->value) {
        say("%s is given twice; give it once", option->name);
        return false;
    }
    if (*rest == '=')
        option->value = rest + 1;
    else if (*i + 1 < argc)
        option->value = argv[++*i];
    else
        say("%s needs a value: %s", option->name, option->kind);
    return option->value != NULL;
}

static int print_help(void)
{
    if (fputs(HELP, stdout) != EOF && fflush(stdout) != EOF)
        return 0;
    say_errno("cannot write the help to standard output");
    return 1;
}

int options_parse(int argc, char **argv, struct options *options)
{
    struct option bind = {"--bind", "a numeric address", NULL};
    struct option port = {"--port", "a number from 0 to 65535", NULL};
    struct option threads = {"--threads", "a number from 1 to 64", NULL};
    struct option spin = {"--spin-us", "a number from 0 to 1000000", NULL};
    struct option *with_value[] = {&bind, &port, &threads, &spin, NULL};
    unsigned number;
    memset(options, 0, sizeof *options);
    for (int i = 1; i < argc; i++) {
        struct option **option = with_value;
        if (!strcmp(argv[i], "--help"))
            return print_help();
        if (!strcmp(argv[i], "--reuseport")) {
            options->reuse_port = true;
            continue;
        }
        while (*option && !is(argv[i], (*option)->name))
            option++;
        if (!*option) {
            say("unknown argument '%s'; --help lists what there is", printable(argv[i]));
            return 2;
        }
        if (!take(argc, argv, &i, *option))
            return 2;
    }
    if (!number_of(&port, 0, 65535, 7878, &number) ||
        !number_of(&threads, 1, MAX_THREADS, 1, &options->threads) ||
        !number_of(&spin, 0, MAX_SPIN_US, 0, &options->spin_us))
        return 2;
    options->reuse_port |= options->threads > 1;
    if (!parse_address(bind.value ? bind.value : "127.0.0.1", number, options)) {
        say("--bind needs a numeric address such as 127.0.0.1 or ::1, not '%s'",
            printable(bind.value));
        return 2;
    }
    return -1;
}
