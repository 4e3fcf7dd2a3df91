//! The example `stdin_oneshot`, fed through a pipe and from a file. Each piece is written after the
//! example has printed the piece before, so nothing depends on who is faster.

use crate::example::Example;
use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;

/// `stdin_oneshot` at the end of a pipe.
fn stdin_oneshot() -> (Example, impl Write) {
    let mut example = Example::start_with_input("stdin_oneshot", &[], Stdio::piped());
    let stdin = example.take_stdin();
    assert_eq!(example.next_line().unwrap(), "waiting for input, 10 bytes a read");
    (example, stdin)
}

const IDLE: &str = "no input for 1 s";

/// The next line that does not say that nothing came: how many of those there are is the
/// machine's affair.
fn next_busy_line(example: &mut Example) -> Option<String> {
    std::iter::from_fn(|| example.next_line()).find(|line| line != IDLE)
}

#[track_caller]
fn expect_read(example: &mut Example, text: &str) {
    let line = format!("read {text}; deliveries before it is armed again: 0");
    assert_eq!(next_busy_line(example), Some(line));
}

#[test]
fn stdin_oneshot_reads_piece_after_piece_and_is_silent_until_armed_again() {
    let (mut example, mut stdin) = stdin_oneshot();
    stdin.write_all(b"Hello").unwrap();
    expect_read(&mut example, r#"5 bytes: "Hello""#);
    // One write, which a pipe takes whole: the second and third read need the first two re-armed,
    // and after the first two reads there is more, which must not be delivered before that.
    stdin.write_all("123456789é\tfifteen more.".as_bytes()).unwrap();
    expect_read(&mut example, r#"10 bytes: "123456789\xc3""#);
    expect_read(&mut example, r#"10 bytes: "\xa9\tfifteen ""#);
    expect_read(&mut example, r#"5 bytes: "more.""#);
    assert_eq!(example.next_line().as_deref(), Some(IDLE));
    stdin.write_all(b"bye").unwrap();
    expect_read(&mut example, r#"3 bytes: "bye""#);
    drop(stdin);
    assert_eq!(next_busy_line(&mut example).unwrap(), "end of input: 33 bytes in 5 reads");
    assert_eq!(example.finish(), (0, vec![], vec![]));
}

#[test]
fn stdin_oneshot_ends_at_the_end_of_an_empty_input() {
    let (mut example, stdin) = stdin_oneshot();
    drop(stdin);
    assert_eq!(next_busy_line(&mut example).unwrap(), "end of input: 0 bytes in 0 reads");
    assert_eq!(example.finish(), (0, vec![], vec![]));
}

#[test]
fn stdin_oneshot_reads_a_regular_file_plainly_and_loses_nothing() {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/stdin_oneshot.txt");
    fs::write(path, "a regular file, 27 bytes...").unwrap();
    let stdin = Stdio::from(File::open(path).unwrap());
    let (status, stdout, stderr) = Example::start_with_input("stdin_oneshot", &[], stdin).finish();
    let expected = [
        "epoll does not take this input (EPERM): it is a regular file, a directory or a",
        "device without poll, which is always ready. Reading it without waiting.",
        r#"read 10 bytes: "a regular ""#,
        r#"read 10 bytes: "file, 27 b""#,
        r#"read 7 bytes: "ytes...""#,
        "end of input: 27 bytes in 3 reads",
    ];
    assert_eq!((status, stderr), (0, vec![]));
    assert_eq!(stdout, expected);
}
