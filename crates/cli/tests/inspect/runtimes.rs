//! Programs whose own lines a look cannot read: Node's, Java's, and those of a Python that is not known. They are named as
//! others are, with the command that has the lines.

use crate::answer::look_until;
use crate::command::{ask, epshim};
use crate::languages::started;
use epshim_harness::process::run;
use epshim_harness::products::folder;
use epshim_harness::tools::is_installed;
use std::fs;
use std::process::Command;

/// The main thread of Node waits for ever for what no thread will do, or for a child, or computes, while a connection
/// waits. Or it has closed the number of a connection that a child has too, below libuv.
const NODE: &str = r#"
const net = require("net"), { spawn, spawnSync } = require("child_process");
const way = process.argv[1];
const server = net.createServer(() => {}).listen(0, "127.0.0.1", () => {
    const port = server.address().port;
    const peer = net.connect(port, "127.0.0.1");
    if (way === "ghost") return server.on("connection", (ours) => {
        // It ends when this process does.
        spawn("cat", { stdio: ["pipe", "ignore", "ignore", ours] }).on("spawn", () => {
            ours.resume();
            setImmediate(() => setImmediate(() => {
                require("fs").closeSync(ours._handle.fd);
                ours.on("error", () => {});
                peer.write("x", () => console.log("stuck"));
            }));
        });
    });
    peer.on("connect", () => setImmediate(() => {
        spawn(process.execPath, ["-e", `require("net").connect(${port}, "127.0.0.1")`], { stdio: "ignore" });
        console.log("stuck");
        if (way === "computes") for (;;) ;
        if (way === "sleeps") spawnSync("tail", ["-f", "/dev/null", `--pid=${process.pid}`]);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }));
});
"#;

/// NIO: the peer has closed, and the key stays.
const JAVA: &str = r#"
import java.net.*;
import java.nio.channels.*;
class Stuck {
    public static void main(String[] arguments) throws Exception {
        var listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
        var peer = SocketChannel.open(listener.getLocalAddress());
        var ours = listener.accept();
        ours.configureBlocking(false);
        var selector = Selector.open();
        ours.register(selector, SelectionKey.OP_READ);
        peer.close();
        System.out.println("stuck");
        while (true) { selector.select(); selector.selectedKeys().clear(); }
    }
}
"#;

/// Says that it is a Python of a version that no one knows, and is stuck.
const UNKNOWN_PYTHON: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
char _PyRuntime[800] = "xdebugpy\xf0\x00\x63\x03";
int main(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct epoll_event event = {.events = EPOLLIN};
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epfd, EPOLL_CTL_ADD, eventfd(1, 0), &event);
    pthread_mutex_lock(&mutex);
    puts("stuck");
    fflush(stdout);
    pthread_mutex_lock(&mutex);
    return 0;
}
"#;

#[test]
fn a_python_that_is_not_known_says_so_and_names_the_command() {
    let folder = folder("inspect-unknown-python");
    let program = epshim_harness::c_compiler::compile_text(
        &folder,
        "python3.99",
        UNKNOWN_PYTHON,
        &["-rdynamic", "-pthread"],
    );
    let process = started("python3.99", &mut Command::new(program));
    let pid = process.id();
    look_until(pid, "loop-blocked", "certain", &[]);
    let text = ask(&mut epshim(&["inspect", &pid.to_string()])).out;
    assert_eq!(text.matches("Python 3.99 is not known").count(), 1, "{text}");
    assert!(text.contains(&format!("py-spy dump --nonblocking --pid {pid}")), "{text}");
    assert!(text.contains("pthread_mutex_lock"), "the native stack is there: {text}");
}

#[test]
fn node_is_named() {
    if is_installed("node") {
        for (way, rule, certainty) in [
            ("waits", "loop-blocked", "certain"),
            ("sleeps", "loop-blocked", "certain"),
            ("computes", "loop-blocked", "suspected"),
            ("ghost", "ghost", "certain"),
        ] {
            let process = started("node", Command::new("node").args(["-e", NODE, way]));
            let found = look_until(process.id(), rule, certainty, &[]);
            // A loop that stands accepts nobody.
            let is_known = |other: &&str| *other == rule || *other == "backlog-waiting";
            let graves = found.certain_or_suspected();
            assert!(graves.iter().all(is_known), "{way}: {graves:?}: {:#}", found.object);
        }
    }
}

#[test]
fn java_is_named_with_the_command_that_has_its_lines() {
    if !is_installed("javac") {
        return;
    }
    let folder = folder("inspect-java");
    let source = folder.join("Stuck.java");
    fs::write(&source, JAVA).unwrap();
    run(Command::new("javac").arg(&source).arg("-d").arg(&folder));
    let process = started("java", Command::new("java").arg("-cp").arg(&folder).arg("Stuck"));
    let found = look_until(process.id(), "level-spin", "certain", &[]);
    let command = &found.object["findings"][0]["sites"][0]["command"];
    assert_eq!(command, &format!("jcmd {} Thread.print", process.id()), "{:#}", found.object);
}
