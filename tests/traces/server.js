// An HTTP server to be recorded: server.js PORT; ends at SIGTERM.
"use strict";

const http = require("http");

const body = Buffer.alloc(100_000, "x");
const server = http.createServer((request, response) => {
  setTimeout(() => response.end(body), 1);
});
server.listen(Number(process.argv[2]), "127.0.0.1");
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections?.();
});
