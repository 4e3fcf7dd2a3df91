//! What each hook tells, and what it does not.

mod support;

#[test]
fn every_hook_tells_what_its_call_did() {
    let parts = ["close", "control", "dup", "epoll", "next", "read", "receive", "send", "syscall"];
    let parts = parts.into_iter().chain(["transfer", "watched", "write"]);
    let mut sources: Vec<String> = parts.map(|part| format!("hooks/{part}.c")).collect();
    sources.push("tests/telling.c".to_owned());
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let hooks = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/hooks");
    let program = support::compile(&sources, "telling", &[hooks, "-ldl"]);
    support::run(&mut support::command(program, support::Mode::Plain));
}
