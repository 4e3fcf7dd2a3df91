/* A loop drains an edge-triggered pipe until EAGAIN, but the pipe blocks, and its writer has no more to
 * say: in its first turn the thread of the loop falls asleep for good, and another client gets no answer.
 *
 * Right: the pipe does not block: the drain ends with EAGAIN, and the loop answers the other client.
 *
 * expect: blocking-fd
 * after: https://github.com/lalinsky/zio/issues/391
 * pitfall: forgetting O_NONBLOCK
 * shows: hangs
 */
#include "client.h"

#ifndef RIGHT
enum { PIPE_FLAGS = O_CLOEXEC };
#else
enum { PIPE_FLAGS = O_CLOEXEC | O_NONBLOCK };
#endif

struct server {
    int epfd, pipe, fd;
};

/* The writer's descriptor stays open: nothing but EAGAIN ends this. */
static ssize_t drain(int fd)
{
    char buffer[64];
    ssize_t size;
    do
        size = read(fd, buffer, sizeof(buffer)); /* finding */
    while (size > 0);
    return size;
}

static void *serve(void *argument)
{
    struct server *server = argument;
    for (;;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(server->epfd, &event, 1, -1)) == 0)
            continue;
        if (drain(event.data.fd) == 0)
            return NULL;
        if (event.data.fd == server->fd)
            tell(server->fd, "answer");
    }
}

int main(void)
{
    int pipes[2];
    struct server server = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    struct client client = {.patience_ms = IS_MISUSE ? 1000 : 5000};
    MUST(pipe2(pipes, PIPE_FLAGS));
    server.pipe = pipes[0];
    connect_pair(&server.fd, &client.peer);
    struct epoll_event input = {.events = EPOLLIN | EPOLLET, .data.fd = server.pipe};
    struct epoll_event request = {.events = EPOLLIN | EPOLLET, .data.fd = server.fd};
    MUST(epoll_ctl(server.epfd, EPOLL_CTL_ADD, server.pipe, &input));
    MUST(epoll_ctl(server.epfd, EPOLL_CTL_ADD, server.fd, &request));
    MUST(write(pipes[1], "input", 5));

    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, &server) != 0)
        exit(1);
    /* The loop is at the pipe by then, or asleep again. */
    sleep_until(in_ms(50));
    tell(client.peer, "question");
    client.answered = is_answered(&client);
    if (client.answered) {
        char answer[64];
        MUST(read(client.peer, answer, sizeof(answer)));
        MUST(close(client.peer));
        pthread_join(thread, NULL);
    }
    return report(!client.answered, "answered in time: %d of 1", client.answered);
}
