/* EMFILE of accept ends the server, which could close something, or wait.
 *
 * fault: descriptors-exhausted
 * verdict: status */
#define OWN_ACCEPT
#define EDGE 0
#include "server.h"

#include <sys/resource.h>

static rlim_t limit(void)
{
    struct rlimit limit;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    return limit.rlim_cur;
}

static rlim_t usual;

static void on_accept(void)
{
    if (usual == 0)
        usual = limit();
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        accepted(fd);
    } else if (errno == EMFILE) {
#ifdef RIGHT
        /* As long as there is no number for accept, there is none for dup. */
        rlim_t before = limit();
        int copy = dup(listener);
        if (copy >= 0 && before < usual && limit() == before)
            exit(3);
        close(copy);
        usleep(10000);
#else
        MUST(-1);
#endif
    }
}
