"""asyncio under load: streams, datagrams, subprocesses, pipes, threads, timers, a signal.

Each part checks its own results. Nothing here misuses epoll; what asyncio does with it is asyncio's.
"""

import asyncio
import os
import signal

QUIET = 2.5  # seconds: longer than the checker's rules wait


async def echo(reader, writer):
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()
    writer.close()


async def talk(port, rounds, size):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = os.urandom(size)
    for _ in range(rounds):
        writer.write(data)
        await writer.drain()
        assert await reader.readexactly(size) == data
    await asyncio.sleep(QUIET)
    await end(reader, writer)


async def read_late(port):
    """Back-pressure on both sides: neither may read on until the other does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    data = os.urandom(8 << 20)

    async def send():
        writer.write(data)
        await writer.drain()

    sending = asyncio.create_task(send())
    await asyncio.sleep(QUIET)
    assert await reader.readexactly(len(data)) == data
    await sending
    await end(reader, writer)


async def end(reader, writer):
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def datagrams():
    loop = asyncio.get_running_loop()
    received = asyncio.Queue()

    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, address):
            self.transport.sendto(data, address)

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data, address):
            received.put_nowait(data)

    server, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    client, _ = await loop.create_datagram_endpoint(
        Client, remote_addr=server.get_extra_info("sockname"))
    for number in range(1000):
        client.sendto(b"%d" % number)
        assert await received.get() == b"%d" % number
    client.close()
    server.close()


async def subprocesses():
    pipe = asyncio.subprocess.PIPE
    data = os.urandom(300_000)
    for _ in range(5):
        child = await asyncio.create_subprocess_exec(
            "sh", "-c", "cat; exit 3", stdin=pipe, stdout=pipe, stderr=pipe)
        out, _ = await child.communicate(data)
        assert (out, child.returncode) == (data, 3)
    child = await asyncio.create_subprocess_exec("sleep", "1000")
    child.terminate()
    assert await child.wait() == -signal.SIGTERM


async def pipes():
    loop = asyncio.get_running_loop()
    r, w = os.pipe()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(r, "rb"))
    writer, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(w, "wb"))
    writer.write(b"p" * 500_000)
    writer.close()
    assert len(await reader.read()) == 500_000


async def threads():
    loop = asyncio.get_running_loop()
    sums = [loop.run_in_executor(None, sum, range(1000)) for _ in range(1000)]
    assert set(await asyncio.gather(*sums)) == {499_500}


async def timers():
    async def tick(seconds, times):
        for _ in range(times):
            await asyncio.sleep(seconds)

    await asyncio.gather(*[tick(0.0003 * n, 200) for n in range(1, 20)], tick(0, 3000))


async def main():
    heard = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, heard.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await heard.wait()
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(
        *[talk(port, 100, 100) for _ in range(30)],
        talk(port, 10, 200_000), read_late(port),
        datagrams(), subprocesses(), pipes(), threads(), timers())
    server.close()
    await server.wait_closed()


asyncio.run(main())
