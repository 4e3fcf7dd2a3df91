//! `epshim profile --live` and `epshim top` in a terminal of 80 columns, and as text: what is shown is what the program
//! does, a program that hangs is shown as one while it does, and the terminal is left as it was.

use crate::clients;
use crate::command::{answer, watching};
use crate::runs::{Run, read, server};
use crate::terminal::Terminal;
use epshim_harness::products::folder;
use epshim_harness::{deadline, wait_for};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Where the socket of a process is.
fn socket(pid: u32) -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let user = rustix::process::geteuid().as_raw();
    let folders = runtime.map(|path| path.join("epshim")).into_iter();
    let all = folders.chain([PathBuf::from(format!("/tmp/epshim-{user}"))]);
    let all: Vec<_> = all.map(|folder| folder.join(format!("{pid}.sock"))).collect();
    wait_for("the socket", || all.iter().find(|path| path.exists()).cloned())
}

fn top(pid: u32) -> String {
    let answer = answer(&["top", "--once", "--interval", "0.2", &pid.to_string()]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
    assert!(answer.out.lines().all(|line| line.chars().count() <= 80), "{}", answer.out);
    answer.out
}

#[test]
fn a_screen_as_text_has_what_the_program_does() {
    let mut run = Run::of_way("echo", 2, &[]);
    let (address, pid) = (run.address(), run.process.id());
    let path = socket(pid);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o077, 0);
    // One stays, so that the program does.
    let stays = TcpStream::connect(address).expect("it listens");
    clients::echo(address, 1, 50, 100);
    let screen =
        wait_for("what was accepted", || Some(top(pid)).filter(|it| it.contains("listener")));
    let first = screen.lines().next().expect("a line");
    assert!(first.starts_with(&format!("epshim top {pid} ")), "{screen}");
    assert!(first.contains(", 1 loop; 0 records lost"), "{screen}");
    for word in ["thread name", "events/s", "descriptors, by events/s", &pid.to_string()] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    // Who connects and takes nothing keeps nobody waiting for ever, and the program not at all.
    let silent = UnixStream::connect(&path).expect("it answers");
    drop(silent);
    assert!(top(pid).contains("thread name"));
    drop(stays);
    let ended = run.finish();
    ended.is_whole(5000, 5000);
    wait_for("the end of the socket", || (!path.exists()).then_some(()));
    let answer = answer(&["top", "--once", &pid.to_string()]);
    assert_eq!(answer.code, 2, "{answer:?}");
}

/// The seconds for which a thread is said to be in its turn.
fn in_turn_since(screen: &str) -> Option<f64> {
    // The last one is the thread's row; a verdict stands before it.
    let row = screen.lines().rev().find(|line| line.contains("in a turn since"));
    let (_, time) = row?.split_once("in a turn since ")?;
    time.split(' ').next()?.parse().ok()
}

#[test]
fn a_program_that_hangs_is_shown_in_its_turn_while_it_hangs() {
    let mut run = Run::of_way("hang", 1, &[]);
    let (address, pid) = (run.address(), run.process.id());
    std::thread::spawn(move || clients::echo(address, 1, 20, 10));
    assert_eq!(run.process.next_line(deadline()).expect("a line").as_deref(), Some("hangs"));
    let mut terminal = Terminal::start(&["top", "--interval", "0.2", &pid.to_string()]);
    let screen = terminal.wait_for("hanging: Thread");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    // It goes on, and so does what is shown; stopped, too.
    let first = wait_for("a time", || in_turn_since(&terminal.text()));
    let later = |than: f64| {
        wait_for("a later time", || in_turn_since(&terminal.text()).filter(|&it| it > than))
    };
    let second = later(first);
    run.process.signal(libc::SIGSTOP);
    terminal.wait_for(&format!("epshim top {pid}, STOPPED"));
    later(second);
    run.process.signal(libc::SIGCONT);
    wait_for("it goes on", || (!terminal.text().contains("STOPPED")).then_some(()));
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    wait_for("the screen of before", || (!terminal.is_alternate()).then_some(()));
    assert!(run.process.is_running(), "it was only looked at");
    run.process.signal(libc::SIGTERM);
    run.finish();
}

/// The server of `ways.c` under `--live`: its terminal, and where it listens.
fn live(name: &str, way: &str) -> (Terminal, SocketAddr, PathBuf) {
    let json = folder(&format!("profile-live-{name}")).join("profile.json");
    let _ = fs::remove_file(&json);
    let port = json.with_file_name("port");
    let _ = fs::remove_file(&port);
    let mut command = watching(&["profile", "--live", "--json"]);
    // Its first line is where it listens: it is told to the test in a file, and its error output is the terminal.
    let script = r#"exec "$0" "$1" 1 > "$2""#;
    command.arg(&json).args(["--trace-children", "--", "sh", "-c", script]);
    command.arg(server()).arg(way).arg(&port);
    let terminal = Terminal::of(command);
    let line = wait_for("where it listens", || {
        let text = fs::read_to_string(&port).ok()?;
        text.ends_with('\n').then_some(text)
    });
    let address = line.split_whitespace().last().expect("an address").parse().expect("one");
    (terminal, address, json)
}

#[test]
fn the_view_is_left_by_q_and_the_program_goes_on_with_its_output() {
    let (mut terminal, address, json) = live("quit", "echo");
    let screen = terminal.wait_for("thread name");
    assert!(terminal.is_alternate(), "{screen}");
    terminal.press("q");
    wait_for("the screen of before", || (!terminal.is_alternate()).then_some(()));
    let client = clients::echo(address, 1, 30, 10);
    drop(client);
    assert_eq!(terminal.end().code(), Some(0));
    let text = terminal.wait_for("VERDICT");
    assert!(text.contains("epshim profile of"), "{text}");
    assert_eq!(crate::runs::whole(&read(&json).expect("it is there").figures.bytes_in), 300);
}

#[test]
fn ctrl_c_is_the_program_s_and_the_terminal_is_as_it_was() {
    let (mut terminal, _, json) = live("interrupt", "echo");
    terminal.wait_for("thread name");
    let drawn = terminal.modes();
    terminal.press("\x03");
    use std::os::unix::process::ExitStatusExt as _;
    assert_eq!(terminal.end().signal(), Some(libc::SIGINT), "as without a view");
    assert!(!terminal.is_alternate());
    assert_ne!(terminal.modes(), drawn);
    let text = terminal.wait_for("VERDICT");
    assert!(text.contains("epshim profile of"), "{text}");
    assert!(read(&json).is_some());
}

#[test]
fn without_a_terminal_it_says_so() {
    for arguments in [&["top", "1"][..], &["profile", "--live", "--", "true"]] {
        let answer = answer(arguments);
        assert!(answer.err.contains(" needs a terminal"), "{answer:?}");
        assert!(answer.err.contains("epshim top"), "{answer:?}");
    }
}
