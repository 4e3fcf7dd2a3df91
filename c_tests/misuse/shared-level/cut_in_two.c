/* Two threads wait on one epoll, in which a stream is level-triggered. Both are told of each message, and
 * each reads a part of it.
 *
 * Right: EPOLLONESHOT. One thread is told, and arms it again when it has read the message.
 *
 * expect: shared-level
 * after: https://github.com/davidmoreno/onion/issues/235
 * shows: loses
 */
#include "team.h"

enum { MESSAGES = 30, SIZE = 8 };

static _Atomic int whole, parts;

/* Reads a message in two halves; returns how many of them it got. */
static int read_message(void)
{
    char half[SIZE / 2];
    int halves = 0;
    for (int i = 0; i < 2; i++) {
        halves += read(stream, half, sizeof(half)) > 0; /* finding */
        work();
    }
    return halves;
}

static void *serve(void *argument)
{
    (void)argument;
    while (!is_over) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, 100)) == 0)
            continue;
        int halves = read_message();
        whole += halves == 2;
        parts += halves == 1;
        done();
    }
    return NULL;
}

static void send_messages(int peer)
{
    for (int sent = 1; sent <= MESSAGES; sent++) {
        tell(peer, "12345678");
        while (whole + parts / 2 < sent)
            sleep_until(in_ms(1));
    }
    is_over = true;
}

int main(void)
{
    run_team(serve, send_messages);
    return report(parts > 0, "%d messages were whole, %d halves were not", whole, parts);
}
