// A server with a mistake, for `epshim inspect` to find while it runs: one request is given to a regular expression
// that takes for ever, and all others wait. It takes a whole processor until it is ended.
const http = require("http");

function serve() {
    const server = http.createServer((request, response) => {
        console.log("serving", request.url.length < 9 ? request.url : "a long one");
        response.end(/^\/(a+)+$/.test(request.url) ? "yes" : "no");
    });
    server.listen(0, "127.0.0.1", () => {
        require("child_process").fork(__filename, [server.address().port]);
    });
}

// Another client's connection is open, and asks again after the long one.
function ask(port) {
    const agent = new http.Agent({ keepAlive: true });
    const get = (path, agent, then) =>
        http.get({ port, path, agent }, (response) => response.resume().on("end", () => setImmediate(then)))
            .on("error", () => process.exit());
    get("/b", agent, () => {
        get("/" + "a".repeat(60) + "!");
        setTimeout(() => get("/b", agent), 500);
    });
    process.on("disconnect", () => process.exit());
}

process.argv[2] ? ask(process.argv[2]) : serve();
