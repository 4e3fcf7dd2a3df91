//! Java: whose line a finding has.

use crate::found::{self, Found, Language, QUICK, program};
use epshim_harness::interpreters::{Interpreter, javas};
use epshim_harness::process::run;
use epshim_harness::products::folder;
use epshim_harness::tools;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const JAVA: Language = Language { name: "Java", file: "App.java" };

/// The versions whose lines can be had.
const KNOWN: [&str; 3] = ["17.", "21.", "25."];

/// The Javas whose lines can be had.
pub fn known() -> impl Iterator<Item = Interpreter> {
    javas().into_iter().filter(|java| java.is_one_of(&KNOWN))
}

/// Compiles a program, and returns the folder of its classes. `None`: there is no compiler.
pub fn compiled(java: &Path, name: &str, text: &str) -> Option<PathBuf> {
    if !tools::are_there(&["javac"]) {
        return None;
    }
    let file = program(JAVA, java, name, text);
    let name = file.parent().and_then(Path::file_name).expect("a folder").to_string_lossy();
    let classes = folder(&format!("{name}-classes"));
    run(Command::new("javac").args(["--release", "17", "-nowarn", "-d"]).arg(&classes).arg(&file));
    Some(classes)
}

pub fn check(
    java: &Path,
    flags: &[&str],
    (name, text): (&str, &'static str),
    settings: &str,
    prepare: impl FnOnce(&mut Command),
) -> Option<Found> {
    let classes = compiled(java, name, text)?.display().to_string();
    let flags = [flags, &["-cp", &classes, "App"]].concat();
    Some(found::check(JAVA, (java, &flags), (name, text), settings, prepare))
}

/// Two connections that were accepted at two lines; the loop leaves what they send unread.
const TWO: &str = r#"
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

class App {
    static SocketChannel first(ServerSocketChannel server) throws Exception {
        return server.accept();  // first
    }

    static SocketChannel second(ServerSocketChannel server) throws Exception {
        return server.accept();  // second
    }

    public static void main(String[] arguments) throws Exception {
        ServerSocketChannel server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress("127.0.0.1", 0));
        SocketChannel[] ends = new SocketChannel[2];
        Selector selector = Selector.open();
        for (int i = 0; i < 2; i++) {
            ends[i] = SocketChannel.open(server.getLocalAddress());
            SocketChannel taken = i == 0 ? first(server) : second(server);
            taken.configureBlocking(false);
            taken.register(selector, SelectionKey.OP_READ);
            ends[i].write(ByteBuffer.wrap(new byte[] {1}));
        }
        long over = System.nanoTime() + 1_500_000_000L;
        while (System.nanoTime() < over) {
            selector.select(100);  // waits
            selector.selectedKeys().clear();
        }
    }
}
"#;

#[test]
fn two_connections_are_two_findings_each_with_the_line_that_accepted_it() {
    for java in known() {
        let check = |name, settings: &str| check(&java.path, &[], (name, TWO), settings, |_| {});
        let Some(found) = check("two", QUICK) else { return };
        let lines = [found.line("// first"), found.line("// second")];
        assert_eq!(found.blamed("level-spin"), lines, "{}", found.report);
        for finding in &found.findings {
            let sites = finding["sites"].as_array().expect("sites");
            let is_wait = |site: &&Value| site["role"] == "now";
            let frames = sites.iter().find(is_wait).and_then(|site| site["frames"].as_array());
            let users =
                frames.expect("frames").iter().find(|frame| frame["function"] == "App.main");
            let line = found.line_of(users.expect("the user's frame"));
            assert_eq!(line, found.line("// waits"), "{}", found.report);
        }
        let suppression = format!("level-spin:App.java:{}", lines[0]);
        let settings = format!("{QUICK}:suppress=\"{suppression}\"");
        let rest = check("suppressed", &settings).expect("a compiler");
        assert_eq!(rest.blamed("level-spin"), [lines[1]], "{}", rest.report);
    }
}

#[test]
fn lines_of_other_languages_are_none_of_javas() {
    for java in known() {
        let settings = format!("{QUICK}:lines=python,php");
        let Some(found) = check(&java.path, &[], ("off", TWO), &settings, |_| {}) else { return };
        assert!(!found.findings.is_empty(), "{}", found.report);
        assert!(found.findings.iter().all(|one| one["blame"]["language"].is_null()));
        assert!(found.report.contains(" Thread.print"), "{}", found.report);
    }
}

#[test]
fn a_java_that_was_not_tried_says_so() {
    for java in javas().iter().filter(|java| !java.is_one_of(&KNOWN)) {
        let Some(found) = check(&java.path, &[], ("unknown", TWO), QUICK, |_| {}) else { return };
        assert!(found.findings.iter().all(|one| one["blame"]["language"].is_null()));
        let why = found.summary["seen"]["no_lines"].as_str().expect("a reason");
        assert!(why.starts_with("Java "), "{why}");
    }
}
