/* The output of each command is read with a selector of its own, which is never closed. A manager that runs a
 * command every 1.5 s reaches the limit of descriptors, and can run no command any more. Here time goes faster.
 *
 * Right: the selector is closed when the command has ended.
 *
 * expect: epoll-leak
 * after: https://github.com/waydroid/waydroid/issues/2357
 * shows: error
 */
#include "../misuse/loop.h"

enum { COMMANDS = 400, REST_MS = 2500 };

/* Returns the number of the selector. */
static int foreground_pipe(void)
{
    int ends[2], selector = MUST(epoll_create1(EPOLL_CLOEXEC)); /* finding */
    struct epoll_event event, interest = {.events = EPOLLIN};
    char output[16];
    MUST(pipe2(ends, O_CLOEXEC));
    interest.data.fd = ends[0];
    MUST(epoll_ctl(selector, EPOLL_CTL_ADD, ends[0], &interest));
    /* The command. */
    MUST(write(ends[1], "RUNNING\n", 8));
    MUST(close(ends[1]));
    for (bool goes_on = true; goes_on;)
        if (DELIVERED(epoll_wait(selector, &event, 1, -1)) > 0)
            goes_on = MUST(read(ends[0], output, sizeof(output))) > 0;
    MUST(epoll_ctl(selector, EPOLL_CTL_DEL, ends[0], NULL));
    MUST(close(ends[0]));
#ifdef RIGHT
    MUST(close(selector));
#endif
    return selector;
}

int main(void)
{
    int highest = 0;
    for (int i = 0; i < COMMANDS; i++) {
        int selector = foreground_pipe();
        highest = selector > highest ? selector : highest;
    }
    sleep_until(in_ms(REST_MS));
    return report(highest > COMMANDS / 2, "the highest descriptor: %d", highest);
}
