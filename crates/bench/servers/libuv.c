/* An echo server with libuv: streams. It reads into one shared buffer, which is allowed as long as
 * the loop does not keep it, and tries to write at once; only what is left is copied and queued. */
#define _GNU_SOURCE
#include "peer.h"

#include <signal.h>
#include <uv.h>

struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    char *pending; /* what the peer was too slow to take; until it is sent nothing is read */
};

static void on_closed(uv_handle_t *handle)
{
    struct connection *this = handle->data;
    free(this->pending);
    free(this);
}

static void end(struct connection *this)
{
    if (!uv_is_closing((uv_handle_t *)&this->tcp))
        uv_close((uv_handle_t *)&this->tcp, on_closed);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(buffer, (unsigned)buffer_size);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *read);

static void on_written(uv_write_t *write, int status)
{
    struct connection *this = write->data;
    free(this->pending);
    this->pending = NULL;
    if (status < 0 || uv_read_start((uv_stream_t *)&this->tcp, on_alloc, on_read) < 0)
        end(this);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *read)
{
    struct connection *this = stream->data;
    if (got == 0)
        return; /* EAGAIN */
    if (got < 0) {
        end(this);
        return;
    }
    uv_buf_t all = uv_buf_init(read->base, (unsigned)got);
    int sent = uv_try_write(stream, &all, 1);
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0) {
        end(this);
    } else if (sent < got) {
        size_t size = (size_t)(got - sent);
        this->pending = keep(read->base + sent, size);
        this->write.data = this;
        uv_buf_t rest = uv_buf_init(this->pending, (unsigned)size);
        uv_read_stop(stream);
        if (uv_write(&this->write, stream, &rest, 1, on_written) < 0)
            end(this);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct connection *this = status < 0 ? NULL : calloc(1, sizeof(*this));
    if (this == NULL) {
        fprintf(stderr, "accept: %s\n", uv_strerror(status));
        exit(1);
    }
    uv_tcp_init(listener->loop, &this->tcp);
    this->tcp.data = this;
    if (uv_accept(listener, (uv_stream_t *)&this->tcp) < 0 ||
        uv_read_start((uv_stream_t *)&this->tcp, on_alloc, on_read) < 0)
        end(this);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

int main(int argc, char **argv)
{
    int fd = start(argc, argv);
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    uv_signal_t terminated, interrupted;

    if (uv_tcp_init(loop, &listener) < 0 || uv_tcp_open(&listener, fd) < 0 ||
        uv_listen((uv_stream_t *)&listener, 4096, on_connection) < 0 ||
        uv_signal_init(loop, &terminated) < 0 || uv_signal_init(loop, &interrupted) < 0 ||
        uv_signal_start(&terminated, on_signal, SIGTERM) < 0 ||
        uv_signal_start(&interrupted, on_signal, SIGINT) < 0)
        fail("libuv");
    signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
    uv_run(loop, UV_RUN_DEFAULT);
    return 0;
}
