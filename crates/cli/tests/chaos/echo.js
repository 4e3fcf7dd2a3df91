// Node's net: an echo server. It says where it listens.
'use strict';
const server = require('net').createServer((connection) => {
  connection.on('error', () => {});
  connection.pipe(connection);
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
