//! What each hook reports, and what it does not.

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, command};
use epshim_harness::process::run;

#[test]
fn every_hook_reports_what_its_call_did() {
    // The hooks that the table makes, and what they are made of; not sanitizer.c, which Rust calls.
    let parts = [
        "chaos", "close", "control", "copy", "epoll", "exec", "exit", "io", "next", "poll",
        "syscall", "transfer", "watched",
    ];
    let mut sources: Vec<String> = parts.map(|part| format!("hooks/{part}.c")).into();
    let made = env!("OUT_DIR");
    sources.extend(["hooks", "system_calls"].map(|part| format!("{made}/{part}.c")));
    sources.push("tests/entry.c".to_owned());
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let hooks = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/hooks");
    let made = format!("-I{made}");
    let flags = [hooks, &made, "-ldl"];
    let program = compile(env!("CARGO_MANIFEST_DIR"), &sources, "entry", &flags);
    run(&mut command(program, Mode::Plain));
}
