//! What a transparent library costs, as `overhead.c` measures it: by turns, within one process.

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, command};
use epshim_harness::process::run;

/// The calls, and what the library may add to each.
const LIMITS: [(&str, Limit); 8] = [
    ("epoll_wait", Limit::PerCent(1.0)),
    ("epoll_ctl", Limit::PerCent(1.0)),
    ("read", Limit::Nanoseconds(3.0)),
    ("write", Limit::Nanoseconds(3.0)),
    ("recv", Limit::Nanoseconds(3.0)),
    ("close", Limit::Nanoseconds(3.0)),
    ("poll", Limit::Nanoseconds(3.0)),
    ("select", Limit::Nanoseconds(3.0)),
];

/// A machine that does something else meanwhile is given another try.
const TRIES: usize = 5;

#[derive(Debug)]
enum Limit {
    PerCent(f64),
    Nanoseconds(f64),
}

/// The line of a call: `NAME PLAIN ns ADDED ns [LOW, HIGH] ADDED% [LOW, HIGH]`.
fn keeps(limit: &Limit, line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| word.trim_end_matches('%').parse::<f64>().expect(line);
    match *limit {
        Limit::Nanoseconds(most) => number(words[3]) < most,
        Limit::PerCent(most) => number(words[7]) < most,
    }
}

#[test]
fn hooks_that_have_nothing_to_tell_cost_next_to_nothing() {
    let program =
        compile(env!("CARGO_MANIFEST_DIR"), &["tests/overhead.c"], "overhead", &["-lm", "-ldl"]);
    let mut last = String::new();
    let kept = (0..TRIES).any(|_| {
        let output = run(command(&program, Mode::Transparent).arg("300"));
        last = String::from_utf8(output.stdout).unwrap();
        assert!(!last.contains("libc itself"), "the library was not preloaded: {last}");
        LIMITS.iter().all(|(name, limit)| {
            let is_its = |line: &&str| line.split_whitespace().next() == Some(name);
            keeps(limit, last.lines().find(is_its).expect("a line for each call"))
        })
    });
    print!("{last}");
    assert!(kept, "more than {LIMITS:?} in {TRIES} tries, at last:\n{last}");
}
