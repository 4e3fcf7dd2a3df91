// The emitted module: three pipes, one wait.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import koffi from 'koffi';
import * as e from './epoll_abi.mjs';

const DATA = 0xfedcba9876543210n;
const pipe = koffi.load(null).func('int pipe(void *ends)');

function readable() {
    const ends = Buffer.alloc(8);
    assert.equal(pipe(ends), 0);
    const [reader, writer] = new Int32Array(ends.buffer, ends.byteOffset, 2);
    fs.writeSync(writer, 'x');
    return reader;
}

const epfd = e.epoll_create1(e.EPOLL_CLOEXEC);
let last;
for (let i = 0n; i < 3n; i++) {
    last = readable();
    e.epoll_ctl(epfd, e.EPOLL_CTL_ADD, last, e.EPOLLIN | e.EPOLLET, DATA + i);
}
const events = e.epoll_wait(epfd, 4, 0);
assert.deepEqual(events.map((event) => event.events), [e.EPOLLIN, e.EPOLLIN, e.EPOLLIN]);
assert.deepEqual(events.map((event) => event.data).sort(), [DATA, DATA + 1n, DATA + 2n]);
assert.deepEqual(e.epoll_wait(epfd, 4, 0), [], 'edge-triggered: not again');

e.epoll_ctl(epfd, e.EPOLL_CTL_MOD, last, e.EPOLLIN, 7);
assert.deepEqual(e.epoll_wait(epfd, 4, 0), [{ events: e.EPOLLIN, data: 7n }]);
e.epoll_ctl(epfd, e.EPOLL_CTL_DEL, last);
assert.throws(() => e.epoll_ctl(epfd, e.EPOLL_CTL_DEL, last), {
    code: 'ENOENT',
    errno: os.constants.errno.ENOENT,
    syscall: 'epoll_ctl',
});
console.log('round trip: ok');
