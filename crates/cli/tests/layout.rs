//! `epshim layout`: what each option answers, in words and in JSON, and with which exit code.

mod command;
mod headers;

use command::{answer, ask, epshim, json, keys, output};
use epshim_layouts::Table;
use headers::{PACKED, UNPACKED, sysroot};
use std::process::Stdio;

const LAYOUT: [&str; 7] =
    ["align", "data_align", "data_offset", "data_size", "events_offset", "packed", "size"];

#[test]
fn the_host_agrees_with_itself() {
    let text = output(&["layout"]);
    let witnesses = [
        "epshim ",
        "libc crate ",
        "<sys/epoll.h>, by bindgen",
        "docs/layouts.toml",
        "<sys/epoll.h>, by cc",
    ];
    for witness in witnesses {
        assert!(text.contains(witness), "{witness} is missing: {text}");
    }
    assert!(
        text.ends_with("equal: 5 witnesses agree on the layout and on 19 constants\n"),
        "{text}"
    );
}

#[test]
fn the_host_in_json() {
    let value = json(&output(&["layout", "--json"]));
    let top = ["differences", "equal", "rust_target", "target", "version", "witnesses"];
    assert_eq!(keys(&value), top);
    assert_eq!(value["equal"], true);
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    let witnesses = value["witnesses"].as_array().unwrap();
    assert_eq!(witnesses.len(), 5);
    for witness in witnesses {
        let compiled =
            ["libc crate", "<sys/epoll.h>, by bindgen"].map(|name| witness["name"] == name);
        let constants = witness.get("constants").map_or(0, |constants| keys(constants).len());
        assert_eq!(constants, if compiled.contains(&true) { 0 } else { 19 }, "{witness}");
        assert_eq!(keys(&witness["layout"]), LAYOUT);
        assert_eq!(witness["layout"], witnesses[0]["layout"]);
    }
    let layout = epshim::layout::Layout::OURS;
    assert_eq!(witnesses[0]["layout"]["size"], layout.size);
    assert_eq!(witnesses[0]["layout"]["packed"], layout.packed != 0);
}

#[test]
fn without_a_c_compiler_the_others_still_agree() {
    let there = ask(epshim(&["layout"]).env("CC", "no-such-compiler"));
    assert_eq!(there.code, 0, "{there:?}");
    assert!(there.out.contains("not asked: <sys/epoll.h>, by no-such-compiler: "), "{there:?}");
    assert!(there.out.contains("set CC to a C compiler"), "{there:?}");
    assert!(there.out.contains("equal: 4 witnesses"), "{there:?}");

    let value = json(&ask(epshim(&["layout", "--json"]).env("CC", "no-such-compiler")).out);
    assert_eq!(keys(&value["witnesses"][4]), ["name", "not_asked"]);
}

#[test]
fn a_c_compiler_that_disagrees_is_named() {
    let other = if epshim::layout::Layout::OURS.packed == 0 { PACKED } else { UNPACKED };
    let root = sysroot("other-header", other, "02000000");
    let compiler = format!("cc -isystem {root}/usr/include");
    let there = ask(epshim(&["layout"]).env("CC", &compiler));
    assert_eq!(there.code, 1, "{there:?}");
    let packed = if other == PACKED { "yes" } else { "no" };
    let said = format!("<sys/epoll.h>, by {compiler}: packed is {packed}, epshim has ");
    assert!(there.out.contains(&said), "{there:?}");
    assert!(there.out.contains("\ndifferent: "), "{there:?}");

    let value = json(&ask(epshim(&["layout", "--json"]).env("CC", &compiler)).out);
    assert_eq!(value["equal"], false);
    let first = &value["differences"][0];
    assert_eq!(keys(first), ["difference", "witness"]);
    assert_eq!(keys(&first["difference"]), ["expected", "field", "found"]);
}

#[test]
fn a_flag_that_makes_another_layout_is_named_and_refused() {
    for flag in ["-malign-double", "-malign-int"] {
        let there = ask(epshim(&["layout"]).env("CC", format!("cc {flag}")));
        let said = format!("not asked: <sys/epoll.h>, by cc {flag}: {flag} makes another layout");
        assert!(there.out.contains(&said), "{there:?}");
    }
    let row = output(&["layout", "--target", "i686-linux-musl"]);
    assert!(row.contains("Another layout with -malign-double, which no C library"), "{row}");
    assert!(row.contains("Witnesses: gcc "), "{row}");
}

#[test]
fn a_row_goes_by_all_its_names() {
    let own = output(&["layout", "--target", "arm-linux-gnueabihf"]);
    assert!(own.starts_with("arm-linux-gnueabihf: glibc "), "{own}");
    for name in [
        "armhf",
        "armv7-unknown-linux-gnueabihf",
        "arm-none-linux-gnueabihf",
        "armv7l-pc-linux-gnueabihf",
    ] {
        assert_eq!(output(&["layout", "--target", name]), own, "{name}");
    }
    let i686 = output(&["layout", "--target", "i686-linux-gnu"]);
    for name in ["i386", "i386-linux-gnu", "i486-pc-linux-gnu", "i586-unknown-linux-gnu"] {
        assert_eq!(output(&["layout", "--target", name]), i686, "{name}");
    }
    assert_ne!(output(&["layout", "--target", "i686-linux-musl"]), i686);
}

#[test]
fn every_name_of_the_table_is_found() {
    for row in Table::golden().rows {
        for name in row.target.rust.iter().chain([&row.target.name]) {
            let value = json(&output(&["layout", "--json", "--target", name]));
            assert_eq!(value["target"], row.target.name, "{name}");
        }
    }
}

#[test]
fn a_row_says_what_both_headers_say() {
    let text = output(&["layout", "--target", "i686-linux-gnu"]);
    let line = |name: &str| {
        let found = text.lines().find(|line| line.starts_with(name));
        found.unwrap_or_else(|| panic!("{name}: {text}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(line("size")[1..], ["12", "12"]);
    assert_eq!(line("align")[1..], ["1", "4"]);
    assert_eq!(line("data at")[2..], ["4", "4"]);
    assert_eq!(line("packed")[1..], ["yes"]);
    assert_eq!(line("EPOLLNVAL")[1..], ["-", "0x20"]);
    assert_eq!(line("EPOLLET")[1..], ["0x80000000", "0x80000000"]);
    assert!(text.contains("\n\nconstants\n"), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn all_rows_in_words_and_in_json() {
    let table = Table::golden();
    let text = output(&["layout", "--all"]);
    let value = json(&output(&["layout", "--all", "--json"]));
    let targets = value["targets"].as_array().unwrap();
    assert_eq!(targets.len(), table.rows.len());
    for (row, target) in table.rows.iter().zip(targets) {
        let (name, measured) = (&row.target.name, &row.measured);
        let line = text.lines().find(|line| line.split(' ').next() == Some(name)).expect(name);
        let words: Vec<_> = line.split_whitespace().collect();
        // A C library has a name of several words, and the ten columns after it have one each.
        let numbers = &words[words.len() - 10..];
        assert_eq!(
            numbers[..2],
            [measured.layout.size.to_string(), measured.layout.align.to_string()],
            "{line}"
        );
        assert_eq!(numbers[9], measured.witnesses.len().to_string(), "{line}");
        assert_eq!(target["target"], *name);
        assert_eq!(keys(&target["layout"]), LAYOUT);
        assert_eq!(target["layout"]["data_offset"], measured.layout.data_offset);
        assert_eq!(target["constants"]["EPOLLET"], 1u32 << 31);
        assert_eq!(target["constants"]["EPOLL_CLOEXEC"], measured.constants["EPOLL_CLOEXEC"]);
        assert_eq!(target["kernel"]["size"], measured.kernel_size);
        assert_eq!(target["kernel"]["constants"]["EPOLL_URING_WAKE"], 1u32 << 27);
        let one = json(&output(&["layout", "--json", "--target", name]));
        assert_eq!(one, *target);
    }
}

#[test]
fn an_unknown_target_is_answered_with_near_names() {
    let there = answer(&["layout", "--target", "aarch64-linux-gun"]);
    assert_eq!((there.code, there.out.as_str()), (2, ""), "{there:?}");
    assert!(there.err.contains("no target `aarch64-linux-gun`"), "{there:?}");
    assert!(there.err.contains("Did you mean aarch64-linux-gnu"), "{there:?}");
    assert!(there.err.contains("`epshim layout --all` lists them"), "{there:?}");

    let there = answer(&["layout", "--emit", "c", "--target", "pdp11"]);
    assert_eq!(there.code, 2, "{there:?}");
    assert!(!there.err.contains("Did you mean"), "{there:?}");
}

#[test]
fn contradictory_and_unknown_options_are_refused() {
    for arguments in [
        &["layout", "--all", "--target", "armhf"][..],
        &["layout", "--all", "--emit", "c"],
        &["layout", "--emit", "c", "--json"],
        &["layout", "--emit", "c", "--sysroot", "/"],
        &["layout", "--emit", "cobol"],
        &["layout", "--sysroot"],
        &["layout", "host"],
        &["no-such-subcommand"],
        &[],
    ] {
        let there = answer(arguments);
        assert_eq!((there.code, there.out.as_str()), (2, ""), "{arguments:?}: {there:?}");
        assert!(there.err.contains("help"), "{arguments:?}: {there:?}");
    }
}

#[test]
fn help_and_version() {
    assert_eq!(output(&["--version"]), concat!("epshim ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = output(&["layout", "--help"]);
    for text in ["Examples:\n", "--sysroot <DIR>", "--emit <LANGUAGE>", "NO_COLOR", "1 it differs"]
    {
        assert!(help.contains(text), "{text}: {help}");
    }
}

#[test]
fn colour_only_where_it_is_wanted() {
    assert!(!output(&["layout"]).contains('\x1b'), "this is no terminal");
    let forced = ask(epshim(&["layout"]).env("CLICOLOR_FORCE", "1"));
    assert!(forced.out.contains("\x1b["), "{forced:?}");
    let refused = ask(epshim(&["layout"]).env("NO_COLOR", "1"));
    assert!(!refused.out.contains('\x1b'), "{refused:?}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let mut child = epshim(&["layout", "--all", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn all_rows_come_without_asking_anybody() {
    // Neither a C compiler nor clang can be found, and nothing can be written.
    let mut command = epshim(&["layout", "--all"]);
    let there =
        ask(command.env("PATH", "").env("CC", "/nonexistent").env("TMPDIR", "/nonexistent"));
    assert_eq!(there.code, 0, "{there:?}");
}
