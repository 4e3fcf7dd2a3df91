// Node's http: a server that keeps what it is sent. It says where it listens.
'use strict';
const kept = new Map();
const server = require('http').createServer((asked, answer) => {
  if (asked.method === 'GET') return answer.end(kept.get(asked.url));
  const parts = [];
  asked.on('data', (part) => parts.push(part));
  asked.on('end', () => {
    kept.set(asked.url, Buffer.concat(parts));
    answer.writeHead(201).end();
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
