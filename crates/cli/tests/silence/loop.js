// Node under load: HTTP, streams, a late reader, child processes, workers, datagrams, files, timers.
// Each part checks its own results.
'use strict';
const assert = require('assert');
const childProcess = require('child_process');
const crypto = require('crypto');
const dgram = require('dgram');
const fs = require('fs');
const http = require('http');
const { once } = require('events');
const { pipeline } = require('stream/promises');
const { setTimeout: sleep } = require('timers/promises');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const zlib = require('zlib');

const QUIET = 2500; // ms: longer than the checker's rules wait
const BIG = Buffer.alloc(8 << 20, 'epshim');

async function body(response) {
  const parts = [];
  for await (const part of response) parts.push(part);
  return Buffer.concat(parts);
}

async function request(port, path, options = {}) {
  const asked = http.request({ host: '127.0.0.1', port, path, ...options });
  asked.end(options.body);
  const [response] = await once(asked, 'response');
  return response;
}

async function server() {
  const server = http.createServer((asked, answer) => {
    if (asked.url === '/big') fs.createReadStream('big').pipe(answer);
    else if (asked.url === '/echo') asked.pipe(answer);
    else answer.end('hello');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

async function requests(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  const get = async (options) => assert.equal(await body(await request(port, '/', options)), 'hello');
  await Promise.all(Array.from({ length: 2000 }, () => get({ agent })));
  await Promise.all(Array.from({ length: 200 }, () => get({ agent: false })));
  assert((await body(await request(port, '/big', { agent }))).equals(BIG));
  assert((await body(await request(port, '/echo', { agent, method: 'POST', body: BIG }))).equals(BIG));
  const late = await request(port, '/big', { agent: false });
  await sleep(QUIET);
  assert((await body(late)).equals(BIG));
  agent.destroy();
}

async function children() {
  for (let i = 0; i < 5; i++) {
    const cat = childProcess.spawn('cat');
    const [copy] = await Promise.all([body(cat.stdout), once(cat, 'exit'), cat.stdin.end(BIG)]);
    assert(copy.equals(BIG));
  }
  const fork = childProcess.fork(__filename, ['child']);
  fork.on('message', (number) => (number === 100 ? fork.disconnect() : fork.send(number)));
  fork.send(0);
  assert.equal((await once(fork, 'exit'))[0], 0);
}

async function workers() {
  await Promise.all(Array.from({ length: 3 }, async () => {
    const worker = new Worker(__filename);
    worker.on('message', (number) => worker.postMessage(number === 50 ? null : number));
    worker.postMessage(0);
    await once(worker, 'exit');
  }));
}

async function datagrams() {
  const echo = dgram.createSocket('udp4');
  echo.on('message', (message, from) => echo.send(message, from.port, from.address));
  echo.bind(0, '127.0.0.1');
  await once(echo, 'listening');
  const client = dgram.createSocket('udp4');
  for (let i = 0; i < 1000; i++) {
    client.send(`${i}`, echo.address().port, '127.0.0.1');
    assert.equal((await once(client, 'message'))[0].toString(), `${i}`);
  }
  client.close();
  echo.close();
}

async function files() {
  await pipeline(fs.createReadStream('big'), zlib.createGzip(), zlib.createGunzip(),
    fs.createWriteStream('copy'));
  assert(fs.readFileSync('copy').equals(BIG));
  const watcher = fs.watch('.');
  const changed = once(watcher, 'change');
  fs.writeFileSync('copy', crypto.randomBytes(10));
  await changed;
  watcher.close();
  for (let i = 0; i < 1000; i++) await sleep(i % 3);
}

async function signals() {
  const signalled = once(process, 'SIGUSR2');
  process.kill(process.pid, 'SIGUSR2');
  await signalled;
}

async function main() {
  process.exitCode = 1; // until all is done: a promise that nobody keeps ends Node with 0
  fs.writeFileSync('big', BIG);
  const listening = await server();
  await Promise.all([
    requests(listening.address().port), children(), workers(), datagrams(), files(), signals(),
  ]);
  listening.close();
  process.exitCode = 0;
}

if (!isMainThread) {
  parentPort.on('message', async (number) => {
    if (number === null) return parentPort.close();
    const listening = await server();
    assert.equal(await body(await request(listening.address().port, '/', { agent: false })), 'hello');
    listening.close();
    parentPort.postMessage(number + 1);
  });
} else if (process.argv[2] === 'child') {
  process.on('message', (number) => process.send(number + 1));
} else {
  main();
}
