//! `epshim layout --sysroot`: any header against the golden table, and what is said where it cannot
//! be read.

mod command;
mod headers;

use command::{answer, ask, epshim, json, keys};
use epshim_harness::products::{chmod, folder};
use epshim_harness::tools;
use epshim_layouts::Table;
use headers::{PACKED, UNPACKED, sysroot};
use std::fs;

fn clang_is_installed() -> bool {
    tools::is_installed("clang")
}

#[test]
fn an_equal_header_is_equal_and_new_constants_are_mentioned() {
    if !clang_is_installed() {
        return;
    }
    let root = sysroot("sysroot-equal", PACKED, "02000000");
    let there = answer(&["layout", "--sysroot", &root, "--target", "x86_64-linux-gnu"]);
    assert_eq!((there.code, there.err.as_str()), (0, ""), "{there:?}");
    assert!(there.out.contains("/usr/include/sys/epoll.h, glibc 2.99"), "{there:?}");
    assert!(there.out.contains("only in the header: EPOLL_NEW_FLAG"), "{there:?}");
    assert!(there.out.contains("only in the table: EPOLL_CTL_ADD"), "{there:?}");
    assert!(there.out.contains("\nequal: the layout and 16 constants"), "{there:?}");
}

#[test]
fn another_layout_is_named_field_by_field() {
    if !clang_is_installed() {
        return;
    }
    // glibc's x86 header read for another architecture, as happens with a wrong sysroot.
    let root = sysroot("sysroot-packed", PACKED, "0x80000");
    let arguments = ["layout", "--sysroot", &root, "--target", "aarch64-linux-gnu"];
    let there = answer(&arguments);
    assert_eq!(there.code, 1, "{there:?}");
    for line in [
        "size: the header says 12, the table 16",
        "align: the header says 1, the table 8",
        "data_offset: the header says 4, the table 8",
        "packed: the header says yes, the table no",
        "different: ",
    ] {
        assert!(there.out.contains(line), "{line}: {there:?}");
    }
    let value = json(&ask(epshim(&arguments).arg("--json")).out);
    let keys_there = [
        "differences",
        "equal",
        "found",
        "header",
        "libc",
        "only_in_header",
        "only_in_table",
        "target",
    ];
    assert_eq!(keys(&value), keys_there);
    assert_eq!(value["differences"].as_array().unwrap().len(), 4);
    assert_eq!(value["found"]["layout"]["size"], 12);
}

#[test]
fn another_constant_and_another_libc_are_differences() {
    if !clang_is_installed() {
        return;
    }
    let root = sysroot("sysroot-constant", UNPACKED, "0x80000");
    let there = answer(&["layout", "--sysroot", &root, "--target", "sparc64"]);
    assert_eq!(there.code, 1, "{there:?}");
    let line = "EPOLL_CLOEXEC: the header says 0x80000, the table 0x400000";
    assert!(there.out.contains(line), "{there:?}");

    let there = answer(&["layout", "--sysroot", &root, "--target", "aarch64-unknown-linux-musl"]);
    assert_eq!(there.code, 1, "{there:?}");
    assert!(there.out.contains("libc: the header says glibc 2.99, the table musl"), "{there:?}");
}

#[test]
fn the_hosts_own_header_is_equal() {
    if clang_is_installed() {
        let there = answer(&["layout", "--sysroot", "/"]);
        assert_eq!((there.code, there.err.as_str()), (0, ""), "{there:?}");
    }
}

#[test]
fn installed_cross_headers_are_equal() {
    if !clang_is_installed() {
        return;
    }
    let mut compared = 0;
    for row in Table::golden().rows {
        let root = format!("/usr/{}", row.target.name);
        let header = format!("{root}/include/sys/epoll.h");
        if row.target.libc == "glibc" && fs::exists(header).unwrap() {
            let there = answer(&["layout", "--sysroot", &root, "--target", &row.target.name]);
            let expected = if row.target.clang_exception.is_empty() { 0 } else { 2 };
            assert_eq!(there.code, expected, "{root}: {there:?}");
            compared += 1;
        }
    }
    eprintln!("{compared} cross headers compared");
}

#[test]
fn a_broken_header_is_told_with_clangs_words() {
    if !clang_is_installed() {
        return;
    }
    let root = sysroot("sysroot-broken", "struct epoll_event;", "0x80000");
    let there = answer(&["layout", "--sysroot", &root]);
    assert_eq!((there.code, there.out.as_str()), (2, ""), "{there:?}");
    assert!(there.err.contains("usr/include/sys/epoll.h cannot be read for "), "{there:?}");
    assert!(there.err.contains("error: "), "{there:?}");
}

#[test]
fn a_missing_folder_header_or_clang_is_told_with_what_to_do() {
    let there = answer(&["layout", "--sysroot", "/nonexistent"]);
    assert_eq!((there.code, there.out.as_str()), (2, ""), "{there:?}");
    assert!(there.err.contains("/nonexistent is no folder"), "{there:?}");

    let empty = folder("sysroot-empty").display().to_string();
    let there = answer(&["layout", "--sysroot", &empty]);
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("no sys/epoll.h in "), "{there:?}");

    let root = sysroot("sysroot-no-clang", PACKED, "0x80000");
    let there = ask(epshim(&["layout", "--sysroot", &root]).env("CLANG_PATH", "/nonexistent"));
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("Install clang"), "{there:?}");

    // A clang without the target.
    let there = ask(epshim(&["layout", "--sysroot", &root]).env("CLANG_PATH", "false"));
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("false cannot compile for "), "{there:?}");
}

#[test]
fn a_target_that_clang_gets_wrong_is_not_asked_of_it() {
    let root = sysroot("sysroot-m68k", PACKED, "0x80000");
    let there = answer(&["layout", "--sysroot", &root, "--target", "m68k"]);
    assert_eq!((there.code, there.out.as_str()), (2, ""), "{there:?}");
    assert!(there.err.contains("clang cannot be asked about m68k-linux-gnu: "), "{there:?}");
    assert!(there.err.contains("m68k-linux-gnu-gcc"), "{there:?}");
}

#[test]
fn what_is_no_compiler_is_blamed_and_not_the_header() {
    let root = sysroot("sysroot-no-compiler", PACKED, "0x80000");
    let there = ask(epshim(&["layout", "--sysroot", &root]).env("CLANG_PATH", "true"));
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("true is no C compiler: "), "{there:?}");
    assert!(!there.err.contains("epoll.h"), "{there:?}");

    let there = ask(epshim(&["layout"]).env("CC", "true"));
    assert_eq!(there.code, 0, "{there:?}");
    assert!(
        there.out.contains("by true: true has ended well and written no object file"),
        "{there:?}"
    );
}

#[test]
fn an_unwritable_folder_for_temporary_files_is_blamed_and_not_the_header() {
    let root = sysroot("sysroot-no-room", PACKED, "0x80000");
    let there = ask(epshim(&["layout", "--sysroot", &root]).env("TMPDIR", "/proc"));
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("/proc: ") && there.err.contains("TMPDIR"), "{there:?}");
    assert!(!there.err.contains("epoll.h"), "{there:?}");
}

#[test]
fn an_unreadable_folder_in_a_sysroot_is_blamed() {
    let root = folder("sysroot-unreadable");
    fs::create_dir(root.join("usr")).unwrap();
    // A folder of another user's would be no obstacle to root.
    std::os::unix::fs::symlink("include", root.join("usr/include")).unwrap();
    let there = answer(&["layout", "--sysroot", root.to_str().unwrap()]);
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("cannot be read: Too many levels of symbolic links"), "{there:?}");

    if !clang_is_installed() || !tools::are_there(&["setpriv"]) {
        return;
    }
    let root = sysroot("sysroot-closed", &format!("#include <bits/more.h>\n{PACKED}"), "0x80000");
    let bits = std::path::Path::new(&root).join("usr/include/bits");
    fs::create_dir(&bits).unwrap();
    fs::write(bits.join("more.h"), "").unwrap();
    chmod(&bits, 0);
    let mut command = std::process::Command::new("setpriv");
    // Without root's capabilities: a folder with the mode 0 is closed to its owner, too.
    command.args(["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]);
    command.args([env!("CARGO_BIN_EXE_epshim"), "layout", "--sysroot", &root, "--target", "amd64"]);
    let there = ask(command.env_remove("CLANG_PATH"));
    chmod(&bits, 0o755);
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("include/bits cannot be read: Permission denied"), "{there:?}");
}

/// Nothing writes to it, and clang would wait for ever.
#[test]
fn a_header_that_includes_a_pipe_is_given_up() {
    if !clang_is_installed() {
        return;
    }
    let root = sysroot("sysroot-pipe", &format!("#include <pipe.h>\n{PACKED}"), "0x80000");
    let pipe = std::path::Path::new(&root).join("usr/include/pipe.h");
    epshim_harness::process::run(std::process::Command::new("mkfifo").arg(&pipe));
    let there = answer(&["layout", "--sysroot", &root, "--target", "amd64"]);
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("may be a pipe (FIFO)"), "{there:?}");
}
