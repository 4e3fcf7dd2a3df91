//! Call sites: modules and offsets, and what a symbolizer makes of them. Symbolizers here are
//! scripts, with each of the ways to go wrong; the real one has tests of its own.

use crate::output::frames;
use crate::output::symbolize::{symbolize, symbolize_within};
use crate::{alone, descriptors, folder, without_descriptors};
use epshim_report::dialogue::Program;
use epshim_report::{Frame, Symbol};
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Answers every question with a function that is named after the offset.
const ANSWERS: &str = r#"sed 's/.*\t\(.*\)/f\1\tx.c:7\n/'"#;

const PROGRAM: Program<'_> = Program { pid: 4711, since: Duration::ZERO, folder: None };

fn script(folder: &Path, text: &str) -> CString {
    let path = folder.join("symbolizer");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

fn questions(number: u64) -> Vec<Frame> {
    let frame = |offset| Frame::at("/bin/server".into(), offset);
    (1..=number).map(frame).collect()
}

#[track_caller]
fn assert_answered(frames: &[Frame]) {
    for frame in frames {
        let function = format!("f{:#x}", frame.offset);
        let symbol = Symbol { function, file: Some("x.c".into()), line: Some(7), source: None };
        assert_eq!(frame.symbols, [symbol]);
    }
}

#[test]
fn every_frame_is_answered_and_nothing_is_left_behind() {
    let _alone = alone();
    let command = script(&folder("answers"), ANSWERS);
    let before = descriptors();
    // More than fits into the pipes in either direction.
    let mut frames = questions(20_000);
    assert_eq!(symbolize(&command, PROGRAM, &mut frames), Ok(()));
    assert_answered(&frames);
    assert_eq!(descriptors(), before);
    // SAFETY: a plain system call.
    let left = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::__WALL | libc::WNOHANG) };
    assert_eq!(left, -1, "a child is left");
}

#[test]
fn it_works_when_no_descriptor_is_left() {
    let _alone = alone();
    let command = script(&folder("limit"), ANSWERS);
    let mut frames = questions(3);
    // The shell inherits the limit: it needs 10.
    assert_eq!(without_descriptors(|| symbolize(&command, PROGRAM, &mut frames)), Ok(()));
    assert_answered(&frames);
}

#[test]
fn the_symbolizer_gets_no_descriptor_and_no_variable() {
    let _alone = alone();
    let folder = folder("inherited");
    let text = format!(
        "tr '\\0' '\\n' </proc/self/environ >'{0}/variables'; ls /proc/self/fd >'{0}/fds'; {ANSWERS}",
        folder.display()
    );
    let command = script(&folder, &text);
    // SAFETY: it is closed below, and not close-on-exec.
    let inherited = unsafe { libc::dup(0) };
    let mut frames = questions(1);
    assert_eq!(symbolize(&command, PROGRAM, &mut frames), Ok(()));
    assert_answered(&frames);
    // SAFETY: this test's own.
    unsafe { libc::close(inherited) };
    let variables = fs::read_to_string(folder.join("variables")).unwrap();
    // What the shell sets itself.
    let own =
        |line: &str| ["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|name| line.starts_with(name));
    let inherited: Vec<&str> = variables.lines().filter(|line| !own(line)).collect();
    assert!(inherited.is_empty(), "{inherited:?}");
    // The fourth is the directory that is listed.
    assert_eq!(fs::read_to_string(folder.join("fds")).unwrap(), "0\n1\n2\n3\n");
}

#[test]
fn a_symbolizer_that_hangs_is_given_up_and_ended() {
    let _alone = alone();
    let folder = folder("hangs");
    let pid_file = folder.join("pid");
    let text =
        format!("printf 'first\\tx.c:7\\n\\n'; echo $$ >'{}'; exec sleep 1000", pid_file.display());
    let command = script(&folder, &text);
    let mut frames = questions(2);
    let trouble = symbolize_within(&command, PROGRAM, &mut frames, 2000).unwrap_err();
    assert!(trouble.ends_with("/symbolizer took too long"), "{trouble}");
    assert_eq!(frames[0].symbols[0].function, "first");
    assert!(frames[1].symbols.is_empty());
    let pid: i32 = fs::read_to_string(pid_file).unwrap().trim().parse().unwrap();
    // SAFETY: signal 0 is none.
    assert_eq!(unsafe { libc::kill(pid, 0) }, -1, "it was not ended");
}

#[test]
fn what_went_wrong_is_said() {
    let _alone = alone();
    let folder = folder("wrong");
    let trouble = |command: &CString| symbolize(command, PROGRAM, &mut questions(3)).unwrap_err();
    let missing = CString::new(folder.join("missing").as_os_str().as_bytes()).unwrap();
    assert!(trouble(&missing).ends_with("/missing cannot be run: no such file"));
    let silent = script(&folder, "exit 0");
    assert!(trouble(&silent).ends_with("/symbolizer ended before it had answered"));
    let path = folder.join("symbolizer");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(trouble(&silent).ends_with("/symbolizer cannot be run: permission denied"));
    assert_eq!(symbolize(&missing, PROGRAM, &mut []), Ok(()), "there is nothing to ask");
}

#[inline(never)]
extern "C" fn here() {}

#[test]
fn an_address_is_found_in_its_module() {
    let _alone = alone();
    // As if each function had returned to its second byte.
    let own = here as extern "C" fn() as usize + 1;
    let other = libc::getpid as unsafe extern "C" fn() -> i32 as usize + 1;
    let found = frames::locate(&[own, other, 0x10]);
    let program = std::env::current_exe().unwrap();
    assert_eq!(PathBuf::from(&found[0].module), program);
    assert!(found[1].module.contains("libc"), "{:?}", found[1]);
    assert_eq!((found[2].module.as_str(), found[2].offset), ("", 0xf));

    let offset = format!("{:#x}", found[0].offset);
    let mut command = Command::new("addr2line");
    command.arg("-fCe").args([program.as_os_str(), offset.as_ref()]);
    let named = command.output().expect("binutils are installed").stdout;
    let named = String::from_utf8(named).unwrap();
    assert!(named.contains("here"), "{named}");
}
