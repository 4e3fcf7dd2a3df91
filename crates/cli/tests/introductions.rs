//! What a report says of a finding's descriptors, held against what the program itself knows of them; and
//! which frame it blames where a loop's library makes the call.

mod command;

use command::{INTRODUCED, json, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::products::folder;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The first finding, the text of the report, and what the program printed.
fn found(command: &mut Command, file: &Path) -> (Value, String, String) {
    let _ = fs::remove_file(file);
    let output = command.output().expect("epshim runs");
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{:?}: {text}", output.status);
    let lines = fs::read_to_string(file).unwrap_or_default();
    let first = lines.lines().next().unwrap_or_else(|| panic!("nothing was found: {text}"));
    (json(first), text, String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn each_kind_of_descriptor_is_introduced_by_what_it_is_open_on() {
    let folder = folder("introductions");
    let program = compile_text(&folder, "opens", include_str!("introductions.c"), &["-g"]);
    let file = folder.join("found.json");
    for kind in INTRODUCED {
        let mut command = watching(&["check", "--json"]);
        command.arg(&file).arg("--").arg(&program).arg(kind).arg(folder.join(kind));
        let (finding, text, said) = found(&mut command, &file);
        let (fd, said) = (finding["fd"].as_i64().expect("a descriptor"), said.trim_end());
        let introductions = finding["descriptors"].as_array().expect("a list");
        assert_eq!(introductions.len(), 1, "{kind}: {finding}");
        assert_eq!(introductions[0]["fd"], fd, "{kind}: {finding}");
        assert_eq!(introductions[0]["text"], said, "{kind}: {finding}");
        let line = format!("==   fd {fd}: {said}\n");
        assert_eq!(text.matches(&line).count(), 1, "{kind}: {line} in {text}");
    }
}

/// A library of libuv's name, which makes the wrong call, and a program that uses it.
#[test]
fn a_call_that_libuv_makes_is_blamed_on_who_calls_libuv() {
    let folder = folder("introductions-libuv");
    let library = "#include <sys/epoll.h>\nint uv_x(int epfd) { int result = epoll_ctl(epfd, EPOLL_CTL_DEL, 99, 0);\n\
                   return result; }\n";
    let object = folder.join("libuv.so.1");
    compile_text(&folder, "libuv.so.1", library, &["-g", "-shared", "-fPIC"]);
    let program = "#include <sys/epoll.h>\nint uv_x(int);\nint serve(int epfd) { int result = uv_x(epfd);\n\
                   return result; }\nint main(void) { int result = serve(epoll_create1(0)); return result != -1; }\n";
    let origin = "-Wl,-rpath,$ORIGIN";
    let object = object.to_str().expect("UTF-8");
    let program = compile_text(&folder, "serves", program, &["-g", object, origin]);
    let file = folder.join("found.json");
    let run = |more: &[&str]| {
        let mut command = watching(&["check", "--json"]);
        command.arg(&file).args(more).arg("--").arg(&program);
        command
    };
    let (finding, text, _) = found(&mut run(&[]), &file);
    assert_eq!(finding["sites"][0]["frames"][0]["function"], "uv_x", "{finding}");
    assert_eq!(finding["blame"]["function"], "serve", "{finding}");
    assert_eq!(finding["suppression"], "ctl-error:serve");
    assert!(
        text.contains("serves.c:3 in serve\n") && text.contains("suppress: ctl-error:serve\n"),
        "{text}"
    );
    // The line itself, below the frame to blame and no other.
    assert_eq!(text.matches(" | int ").count(), 1, "{text}");
    assert!(text.contains("==        3 | int serve(int epfd) {"), "{text}");
    // Nothing below main.
    let frames = finding["sites"][0]["frames"].as_array().expect("a list");
    assert_eq!(frames.last().expect("a frame")["function"], "main", "{finding}");
    // The line that was offered before the loop's library was passed over, and the one that is offered now.
    for line in ["ctl-error:uv_x", "ctl-error:libuv.so.1", "ctl-error:serve", "ctl-error:libc.so.6"]
    {
        let suppressions = folder.join("suppressions");
        fs::write(&suppressions, format!("{line}\n")).unwrap();
        let output = run(&["--suppressions", suppressions.to_str().unwrap()]).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("epshim: 0 findings"), "{line}: {text}");
        assert!(text.contains(&format!("suppressed by {line}: 1 finding")), "{line}: {text}");
    }
}
