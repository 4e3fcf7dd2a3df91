// libepshim from Node: koffi, and no structure of epoll's at all.
//
// Run by tests/other_languages.rs with the path of libepshim.so.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import koffi from 'koffi';

const [path, version] = process.argv.slice(2);
const lib = koffi.load(path);
const epshim = {
    version: lib.func('const char *epshim_version()'),
    create1: lib.func('int epshim_create1(int flags)'),
    add: lib.func('int epshim_add(int epfd, int fd, uint32_t events, uint64_t data)'),
    modify: lib.func('int epshim_modify(int epfd, int fd, uint32_t events, uint64_t data)'),
    delete: lib.func('int epshim_delete(int epfd, int fd)'),
    waitSplit: lib.func('int epshim_wait_split(int epfd, void *events, void *data, int maxevents, int64_t timeout_ns)'),
    close: lib.func('int epshim_close(int epfd)'),
    layout: lib.func('int epshim_layout(void *out)'),
};
const pipe = koffi.load(null).func('int pipe(void *ends)');

const EPOLLIN = 0x1;
const EPOLLET = 0x80000000;
const DATA = 0xfedcba9876543210n;
const ROOM = 8;

function readable() {
    const ends = new Int32Array(2);
    assert.equal(pipe(ends), 0);
    fs.writeSync(ends[1], 'x');
    return ends[0];
}

function fails(result, errno) {
    assert.equal(result, -1);
    assert.equal(koffi.errno(), os.constants.errno[errno]);
}

assert.equal(epshim.version(), version);

const epfd = epshim.create1(0);
const readers = [readable(), readable(), readable()];
readers.forEach((reader, i) => {
    // Bit operators make signed numbers: >>> 0 makes them unsigned again.
    assert.equal(epshim.add(epfd, reader, (EPOLLIN | EPOLLET) >>> 0, DATA + BigInt(i)), 0);
});

const events = new Uint32Array(ROOM);
const data = new BigUint64Array(ROOM);
assert.equal(epshim.waitSplit(epfd, events, data, ROOM, 0), 3);
assert.deepEqual([...events], [1, 1, 1, 0, 0, 0, 0, 0]);
assert.deepEqual([...data.subarray(0, 3)].sort(), [DATA, DATA + 1n, DATA + 2n]);
assert.ok(data.subarray(3).every((bits) => bits === 0n), 'beyond the third nothing is written');
assert.equal(epshim.waitSplit(epfd, events, data, ROOM, 1_000_000), 0, 'edge-triggered: not again');

// Modified: delivered again, with other data. Deleted: not.
assert.equal(epshim.modify(epfd, readers[0], EPOLLIN, 2n ** 64n - 1n), 0);
assert.equal(epshim.waitSplit(epfd, events, data, ROOM, -1), 1);
assert.equal(data[0], 2n ** 64n - 1n);
assert.equal(epshim.delete(epfd, readers[0]), 0);
assert.equal(epshim.waitSplit(epfd, events, data, ROOM, 0), 0);

// Failures are -1 and errno.
fails(epshim.add(epfd, readers[2], EPOLLIN, 0), 'EEXIST');
fails(epshim.delete(epfd, readers[0]), 'ENOENT');
fails(epshim.waitSplit(epfd, null, data, ROOM, 0), 'EFAULT');
assert.equal(epshim.close(epfd), 0);

// The library describes the structure; its description is seven numbers.
const layout = new Uint32Array(7);
assert.equal(epshim.layout(layout), 0);
console.log(...layout);
