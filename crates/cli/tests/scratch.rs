//! The folder for what a C compiler writes: it cannot have been made before, no other user can open it, and it
//! is gone at the end, also where the end is ^C.

mod command;
mod headers;

use command::epshim;
use epshim_harness::products::{folder, script};
use epshim_harness::{sys, tools};
use headers::{PACKED, sysroot};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

/// Both ways to have a C compiler asked, with a wrapper that runs this text of a shell before the compiler.
/// `$object` is the file that the compiler is to write. For each what came of it, and the place of the
/// wrapper, in which `temporary` is the folder for temporary files.
fn asked(name: &str, text: &str) -> Vec<(Output, PathBuf)> {
    let sysroot = sysroot(&format!("{name}-sysroot"), PACKED, "02000000");
    let target = ["--target", "x86_64-linux-gnu"];
    let mut ways = vec![("cc", vec!["layout"])];
    if tools::is_installed("clang") {
        let arguments = [&["layout", "--sysroot", &sysroot][..], &target].concat();
        ways.push(("clang", arguments));
    }
    let ask = |(compiler, arguments): (&str, Vec<&str>)| {
        let place = folder(&format!("{name}-{compiler}"));
        let (temporary, wrapper) = (place.join("temporary"), place.join("compiler"));
        fs::create_dir(&temporary).unwrap();
        let find = "for word; do [ \"$last\" = -o ] && object=$word; last=$word; done\n\
                    case $object in */temporary/*) ;; *) object=; esac";
        script(&wrapper, &format!("#!/bin/sh\n{find}\n{text}\nexec {compiler} \"$@\"\n"));
        let mut command = epshim(&arguments);
        sys::with_default_action(&mut command, libc::SIGINT);
        command.env("CC", &wrapper).env("CLANG_PATH", &wrapper).env("TMPDIR", &temporary);
        (command.current_dir(&place).output().unwrap(), place)
    };
    ways.into_iter().map(ask).collect()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().count() == 0
}

#[test]
fn it_is_new_has_a_name_that_cannot_be_known_and_is_removed() {
    let text = "[ -z \"$object\" ] || { folder=${object%/*}; stat -c %a $folder; echo $PPID ${folder##*/}; } > seen";
    for (output, place) in asked("scratch-new", text) {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let seen = fs::read_to_string(place.join("seen")).unwrap();
        let words: Vec<_> = seen.split_whitespace().collect();
        assert_eq!(words[0], "700", "{seen}");
        let name = words[2].strip_prefix("epshim-").unwrap();
        assert!(!name.contains(words[1]) && name.len() >= 6, "{seen}");
        assert!(is_empty(&place.join("temporary")), "{place:?}");
    }
}

/// ^C reaches the compiler and the command; another SIGINT the command alone.
#[test]
fn it_is_removed_where_the_command_is_interrupted() {
    for end in ["kill -INT $$", "exec true"] {
        let text = format!("[ -z \"$object\" ] || {{ : > $object; kill -INT $PPID; {end}; }}");
        for (output, place) in asked("scratch-interrupted", &text) {
            assert_eq!(output.status.signal(), Some(2), "{output:?}");
            assert!(is_empty(&place.join("temporary")), "{place:?}");
        }
    }
}

#[test]
fn where_there_is_no_room_for_it_the_reason_is_said() {
    let missing = folder("scratch-missing").join("temporary");
    let output = epshim(&["layout"]).env("TMPDIR", &missing).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let reason = format!("not asked: <sys/epoll.h>, by cc: {}: ", missing.display());
    assert!(text.contains(&reason) && !missing.exists(), "{text}");
}

/// The compiler has the signals that the command was started with.
#[test]
fn the_compiler_can_be_interrupted() {
    let text = "[ -z \"$object\" ] || grep SigBlk /proc/self/status > seen";
    for (_, place) in asked("scratch-mask", text) {
        let mask = fs::read_to_string(place.join("seen")).unwrap();
        let own = fs::read_to_string("/proc/thread-self/status").unwrap();
        let blocked = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("SigBlk")).unwrap();
            u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap()
        };
        assert_eq!(blocked(&mask) & !blocked(&own), 0, "{mask}");
    }
}
