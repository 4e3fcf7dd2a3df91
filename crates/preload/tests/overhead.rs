//! What a hook with nothing to tell adds to a call, in instructions, as `overhead.c` counts them. What that is in
//! nanoseconds, `epshim-bench hooks` measures.

#![cfg(target_arch = "x86_64")]

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, command};
use epshim_harness::process::run;

/// A call that is looked at in no mode but `check`, and one on a descriptor that no epoll watches, adds at most this.
const MOST: i32 = 20;

/// The calls that are counted, and what is added to each.
fn added(mode: Mode) -> Vec<(String, i32)> {
    let folder = env!("CARGO_MANIFEST_DIR");
    let program = compile(folder, &["tests/overhead.c"], "overhead", &["-ldl"]);
    let output = run(&mut command(&program, mode));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        (words[0].to_owned(), words[2].parse().expect(line))
    });
    let added: Vec<_> = lines.collect();
    assert_eq!(added.len(), 8, "{text}");
    added
}

#[test]
fn hooks_that_have_nothing_to_tell_add_a_few_instructions() {
    let added = added(Mode::Transparent);
    assert!(added.iter().all(|&(_, added)| (1..=MOST).contains(&added)), "{added:?}");
}

#[test]
fn calls_on_descriptors_that_no_epoll_watches_add_a_few_instructions() {
    for (name, added) in added(Mode::Checking) {
        let is_looked_at = !matches!(&*name, "read" | "write" | "recv" | "close");
        assert!(is_looked_at == (added > MOST), "{name}: {added}");
    }
}
