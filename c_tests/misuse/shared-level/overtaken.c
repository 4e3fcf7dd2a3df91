/* Two threads wait on one epoll, in which a stream is level-triggered. While one works on a message the next
 * is given to the other thread, which is done with it first: the order is lost.
 *
 * Right: EPOLLONESHOT, armed again when the thread is done with the message.
 *
 * expect: shared-level
 * after: https://github.com/winddriver/Delphi-Cross-Socket/issues/11
 * shows: loses
 */
#include "team.h"

enum { MESSAGES = 40 };

static _Atomic int last, served, overtaken;

static void *serve(void *argument)
{
    (void)argument;
    while (!is_over) {
        struct epoll_event event;
        unsigned char message;
        if (DELIVERED(epoll_wait(epfd, &event, 1, 100)) == 0)
            continue;
        if (read(stream, &message, 1) == 1) { /* finding */
            /* The first of a pair takes longer. */
            if (message % 2 == 1)
                work();
            int before = last;
            last = message;
            overtaken += before > message;
            served++;
        }
        done();
    }
    return NULL;
}

static void send_messages(int peer)
{
    for (unsigned char message = 1; message <= MESSAGES; message += 2) {
        unsigned char pair[2] = {message, message + 1};
        MUST(send(peer, pair, sizeof(pair), MSG_NOSIGNAL));
        while (served < message + 1)
            sleep_until(in_ms(1));
    }
    is_over = true;
}

int main(void)
{
    run_team(serve, send_messages);
    return report(overtaken > 0, "%d of %d messages were overtaken", overtaken, MESSAGES);
}
