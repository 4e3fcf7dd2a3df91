//! PHP, under load and while it collects.

use crate::found::{self, Found, Language, QUICK, program};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::interpreters::{Interpreter, phps};
use epshim_harness::process::stdout_of;
use epshim_harness::products::folder;
use epshim_harness::tools;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

const PHP: Language = Language { name: "PHP", file: "app.php" };
/// The versions whose lines can be had.
const KNOWN: [&str; 1] = ["8.2."];

/// Calls that fail, from two lines and in a handler, while cycles are made and collected.
const LOAD: &str = r#"<?php
$c = FFI::cdef('int handle(int, int, int); int fails(int, int); int make();');
$ep = $c->make();

class One {
    static function fails($c, $ep) {
        return $c->fails($ep, 900);  // one
    }
}
function deep($n, $c, $ep) {
    return $n ? deep($n - 1, $c, $ep) : $c->fails($ep, 901);  // other
}
function handler($c, $ep, $stack) {
    return $c->handle($ep, 902 + $stack, $stack);
}

$sum = 0;
for ($i = 0; $i < 2000; $i++) {
    $ring = [];
    for ($k = 0; $k < 20; $k++) { $one = new stdClass; $one->self = $one; $ring[] = $one; }
    if ($i % 10 == 0) $sum += gc_collect_cycles();
    $sum += One::fails($c, $ep) + deep(9, $c, $ep) + handler($c, $ep, $i % 2);
}
echo "$sum\n";
"#;

/// The PHPs that can call C, and the library that they call, which is there from the beginning: PHP opens libraries, its own
/// extensions too, so that they have libc's functions before those of any other (`RTLD_DEEPBIND`), and what they
/// call is not seen. It has the name of a library of PHP's: one of the user's would be blamed for what it does.
fn callers() -> (Vec<Interpreter>, PathBuf) {
    let source = include_str!("handler.c");
    let library =
        compile_text(&folder("php-handler"), "libphp-handler.so", source, &["-shared", "-fPIC"]);
    let can_call = |php: &Interpreter| {
        let asked =
            Command::new(&php.path).args(["-r", "exit(extension_loaded('FFI') ? 0 : 1);"]).status();
        asked.is_ok_and(|status| status.success())
    };
    let found: Vec<_> = phps().into_iter().filter(can_call).collect();
    if found.is_empty() {
        tools::skip("there is no PHP with FFI");
    }
    (found, library)
}

fn check(php: &Interpreter, flags: &[&str], library: &PathBuf) -> Found {
    let set = |command: &mut Command| _ = command.env("LD_PRELOAD", library);
    found::check(PHP, (&php.path, flags), ("load", LOAD), QUICK, set)
}

/// As it is, and with code that is compiled while it runs.
const ENGINES: [&[&str]; 2] = [
    &[],
    &[
        "-d",
        "opcache.enable_cli=1",
        "-d",
        "opcache.jit_buffer_size=32M",
        "-d",
        "opcache.jit=tracing",
    ],
];

#[test]
fn no_line_is_wrong_while_php_collects_and_the_program_does_what_it_did() {
    let (phps, library) = callers();
    for php in phps.iter().filter(|php| php.is_one_of(&KNOWN)) {
        let file = program(PHP, &php.path, "plain", LOAD);
        for flags in ENGINES {
            let mut command = Command::new(&php.path);
            let plain = stdout_of(command.args(flags).arg(&file).env("LD_PRELOAD", &library));
            let found = check(php, flags, &library);
            assert_eq!(found.output, plain, "{}", found.report);
            let of = |fd: u64| found.findings.iter().filter(move |finding| finding["fd"] == fd);
            for (fd, mark) in [(900, "// one"), (901, "// other")] {
                // A call with another line, or without one, would be a finding of its own.
                let [finding] = of(fd).collect::<Vec<_>>()[..] else { panic!("{}", found.report) };
                assert_eq!(found.line_of(&finding["blame"]), found.line(mark), "{}", found.report);
            }
            assert_eq!(found.seen("ctl-error"), 6000, "{}", found.report);
            for finding in of(902).chain(of(903)) {
                assert_eq!(finding["blame"]["language"], Value::Null, "{}", found.report);
            }
        }
    }
}

#[test]
fn a_php_that_was_not_tried_says_so() {
    let (phps, library) = callers();
    for php in phps.iter().filter(|php| !php.is_one_of(&KNOWN)) {
        let found = check(php, &[], &library);
        assert!(found.findings.iter().all(|one| one["blame"]["language"] == Value::Null));
        let why = found.summary["seen"]["no_lines"].as_str().expect("a reason");
        assert!(why.starts_with("PHP "), "{why}");
    }
}
