//! `--watch`: the table is there in 80 columns, learns who owns a loop, and names it when it is blocked.

use crate::command::answer;
use crate::stuck::{build, start};
use crate::terminal::Terminal;
use epshim_harness::process::Process;
use epshim_harness::wait_for;
use std::process::Command;

/// The row of the only epoll.
fn row(screen: &str, pid: &str) -> Option<String> {
    screen.lines().find(|line| line.trim_start().starts_with(pid)).map(str::to_owned)
}

#[test]
fn a_stuck_loop_is_in_the_table_and_q_ends_it() {
    let process = start(&build("inspect-watched", &[]), "elsewhere");
    let pid = process.id().to_string();
    let mut terminal = Terminal::start(&["inspect", "--watch", "--interval", "0.3", &pid]);
    let screen = terminal.wait_for("loop-blocked [certain]");
    for word in
        ["process name", "epfd", "the loop", "q ends", "is not looping", "1 epoll in 1 process"]
    {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    let row = row(&screen, &pid).expect("its row");
    assert!(row.contains("elsewhere") || row.contains("inspect-wat"), "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    assert!(terminal.is_alternate());
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(1), "something was found");
    wait_for("the screen of before", || (!terminal.is_alternate()).then_some(()));
}

/// Another thread moves all the time, so that two looks alone cannot say which thread's loop it is.
const LEARNED: &str = r#"
import select, socket, sys, threading, time
ours, peer = socket.socketpair()
ep = select.epoll(); ep.register(ours, select.EPOLLIN)
def others():
    while True: time.sleep(0.01)
threading.Thread(target=others, daemon=True).start()
lock = threading.Lock(); lock.acquire()
print("stuck", flush=True)
threading.Thread(target=lambda: (sys.stdin.readline(), peer.send(b"x")), daemon=True).start()
ep.poll()
lock.acquire()
"#;

#[test]
fn the_thread_that_owns_a_loop_is_learned() {
    if !epshim_harness::tools::is_installed("python3") {
        return;
    }
    let mut command = Command::new("python3");
    command.args(["-c", LEARNED]);
    let mut process =
        Process::start_with_input("python", &mut command, std::process::Stdio::piped());
    let line = process.next_line(epshim_harness::deadline()).expect("in time");
    assert_eq!(line.as_deref(), Some("stuck"), "{}", process.stderr());
    let pid = process.id().to_string();
    let mut terminal = Terminal::start(&["inspect", "--watch", "--interval", "0.3", &pid]);
    terminal.wait_for("waits ");
    let screen = terminal.text();
    let owner = row(&screen, &pid).expect("its row");
    assert_eq!(owner.matches(&pid).count(), 2, "the first thread owns it: {screen}");
    assert!(!screen.contains("loop-blocked"), "{screen}");
    let mut input = process.take_stdin();
    std::io::Write::write_all(&mut input, b"\n").unwrap();
    let screen = terminal.wait_for("loop-blocked [certain]");
    let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the thread that has waited on it before has not moved"), "{screen}");
    assert!(row(&screen, &pid).expect("its row").contains("futex "), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(1));
}

#[test]
fn what_ends_leaves_the_table() {
    let process = start(&build("inspect-ends", &[]), "idle");
    let pid = process.id().to_string();
    let mut terminal = Terminal::start(&["inspect", "--watch", "--interval", "0.2", &pid]);
    terminal.wait_for("1 epoll in 1 process");
    drop(process);
    terminal.wait_for("0 epolls in 0 processes");
    terminal.press("\x03");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn without_a_terminal_it_says_so() {
    let answer = answer(&["inspect", "--watch"]);
    assert_eq!((answer.code, answer.out.as_str()), (2, ""));
    assert!(answer.err.contains("--watch needs a terminal"), "{answer:?}");
}
