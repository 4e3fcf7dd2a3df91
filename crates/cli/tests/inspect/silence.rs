//! Servers that are right, idle, under load and on a loaded machine: no look finds anything.

use crate::states::are_silent;
use epshim_harness::cargo;
use epshim_harness::ports::{connect, free_port};
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use epshim_harness::tools::{are_there, is_installed};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

/// Asks for a page on a connection of its own, and reads it to its end.
fn get(port: u16) {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let asked = stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let _ = asked.and_then(|()| stream.read_to_end(&mut Vec::new()));
}

fn port_of(process: &mut Process) -> u16 {
    process.listening_address().unwrap_or_else(|error| panic!("{error}")).port()
}

#[test]
fn redis_is_silent() {
    if !are_there(&["redis-server"]) {
        return;
    }
    let port = free_port().unwrap();
    let mut server = Command::new("redis-server");
    let server = Process::start("redis", server.args(["--port", &port.to_string(), "--save", ""]));
    let _idle = connect(port);
    are_silent("redis", &[server.id()], || {
        let mut stream = connect(port);
        for _ in 0..1000 {
            stream.write_all(b"SET a 1\r\nGET a\r\n").unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).unwrap();
        }
    });
}

#[test]
fn nginx_is_silent() {
    if !are_there(&["nginx"]) {
        return;
    }
    let folder = folder("inspect-nginx");
    let port = free_port().unwrap();
    let place = folder.to_str().unwrap();
    let configuration = format!(
        "daemon off; master_process off; pid {place}/pid; error_log stderr; events {{}}\n\
         http {{ access_log off; client_body_temp_path {place}; proxy_temp_path {place}; fastcgi_temp_path {place};\n\
         uwsgi_temp_path {place}; scgi_temp_path {place};\n\
         server {{ listen 127.0.0.1:{port}; location / {{ return 200 hello; }} }} }}\n"
    );
    fs::write(folder.join("nginx.conf"), configuration).unwrap();
    let path = folder.join("nginx.conf");
    let mut server = Command::new("nginx");
    let server = server.args(["-e", "stderr", "-p", place, "-c", path.to_str().unwrap()]);
    let server = Process::start("nginx", server);
    let _idle = connect(port);
    are_silent("nginx", &[server.id()], || get(port));
}

#[test]
fn node_is_silent() {
    const SERVER: &str = r#"
const server = require("http").createServer((_, answer) => answer.end("hello"));
server.listen(0, "127.0.0.1", () => console.log("listening on 127.0.0.1:" + server.address().port));
"#;
    if !are_there(&["node"]) {
        return;
    }
    let mut server = Process::start("node", Command::new("node").args(["-e", SERVER]));
    let port = port_of(&mut server);
    let _idle = connect(port);
    are_silent("node", &[server.id()], || get(port));
}

#[test]
fn asyncio_is_silent() {
    const SERVER: &str = r#"
import asyncio
async def serve(reader, writer):
    await reader.readuntil(b"\r\n\r\n"); writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello"); await writer.drain(); writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("listening on 127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"#;
    if !are_there(&["python3"]) {
        return;
    }
    let mut server = Process::start("asyncio", Command::new("python3").args(["-c", SERVER]));
    let port = port_of(&mut server);
    let _idle = connect(port);
    are_silent("asyncio", &[server.id()], || get(port));
}

#[test]
fn go_is_silent() {
    const SERVER: &str = r#"
package main
import ("fmt"; "net"; "net/http")
func main() {
    l, _ := net.Listen("tcp", "127.0.0.1:0")
    fmt.Printf("listening on %s\n", l.Addr())
    http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) }))
}
"#;
    if !are_there(&["go"]) {
        return;
    }
    let folder = folder("inspect-silent-go");
    fs::write(folder.join("server.go"), SERVER).unwrap();
    let mut build = Command::new("go");
    build.args(["build", "-o", "server", "server.go"]).current_dir(&folder);
    build.env("CGO_ENABLED", "0").env("GOCACHE", folder.join("cache")).env("GOFLAGS", "");
    epshim_harness::process::run(&mut build);
    let mut server = Process::start("go", &mut Command::new(folder.join("server")));
    let port = port_of(&mut server);
    let _idle = connect(port);
    are_silent("go", &[server.id()], || get(port));
}

/// The peer of the benchmarks: an echo server.
#[test]
fn tokio_is_silent() {
    let program = cargo::built("epshim-bench", "epshim-bench");
    let mut server = Process::start("tokio", Command::new(program).args(["serve", "tokio"]));
    let port = port_of(&mut server);
    let _idle = connect(port);
    are_silent("tokio", &[server.id()], || {
        let mut stream = connect(port);
        for _ in 0..1000 {
            stream.write_all(b"0123456789").unwrap();
            stream.read_exact(&mut [0; 10]).unwrap();
        }
    });
}

/// The JDK's own server, with a pool of threads; source and compiler are one command since Java 11.
#[test]
fn the_jdks_server_is_silent() {
    const SERVER: &str = r#"
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
class Server {
    public static void main(String[] arguments) throws Exception {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 5);
            try (var body = exchange.getResponseBody()) { body.write("hello".getBytes()); }
        });
        server.start();
        System.out.println("listening on 127.0.0.1:" + server.getAddress().getPort());
    }
}
"#;
    if !is_installed("javac") {
        return;
    }
    let folder = folder("inspect-silent-java");
    let source = folder.join("Server.java");
    fs::write(&source, SERVER).unwrap();
    epshim_harness::process::run(Command::new("javac").arg(&source).arg("-d").arg(&folder));
    let mut server = Command::new("java");
    let mut server = Process::start("java", server.arg("-cp").arg(&folder).arg("Server"));
    let port = port_of(&mut server);
    let _idle = connect(port);
    are_silent("java", &[server.id()], || get(port));
}
