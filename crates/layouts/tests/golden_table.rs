//! The table as data: both readers agree on it, its text is what its writer writes, and what it says of
//! Rust's targets is what the compiler says.

use epshim_layouts::embedded::lines as build_script;
use epshim_layouts::{Row, Table, targets};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const TEXT: &str = include_str!("../../../docs/layouts.toml");

#[test]
fn the_file_is_what_the_writer_writes() {
    assert_eq!(Table::golden().to_toml(), TEXT);
}

/// The command's reader has no TOML library.
#[test]
fn the_command_reads_what_toml_says() {
    assert_eq!(Table::golden(), Table::parse(TEXT).unwrap());
}

#[test]
fn every_target_has_a_row_and_the_table_is_large_enough() {
    let table = Table::golden();
    let described: Vec<_> = table.rows.iter().map(|row| row.target.clone()).collect();
    assert_eq!(described, targets());
    let of = |libc: &str| table.rows.iter().filter(|row| row.target.libc == libc).count();
    assert!(of("glibc") >= 35 && of("musl") >= 23, "{} glibc, {} musl", of("glibc"), of("musl"));
    assert!(table.rows.len() >= 64, "{}", table.rows.len());
}

#[test]
fn an_exception_has_a_reason() {
    for target in targets() {
        assert!(target.has_zig() || !target.zig_exception.is_empty(), "{}", target.name);
        assert!(!target.compiler.is_empty() || target.has_zig(), "{}", target.name);
        assert!(!target.clang.is_empty() || !target.clang_exception.is_empty(), "{}", target.name);
        assert_eq!(target.qemu.is_empty(), !target.qemu_exception.is_empty(), "{}", target.name);
    }
}

/// As many witnesses as `targets.toml` says can be asked: the table is not blessed on a machine without them.
#[test]
fn every_row_has_all_its_witnesses() {
    for Row { target, measured, .. } in Table::golden().rows {
        let counts = |is_asked: bool, exception: &str| is_asked && exception.is_empty();
        let expected = [
            !target.compiler.is_empty(),
            counts(target.has_zig(), &target.zig_exception),
            counts(!target.clang.is_empty(), &target.clang_exception),
        ];
        let of = |name: &str| measured.witnesses.iter().any(|who| who.starts_with(name));
        assert_eq!([of("gcc "), of("zig "), of("libclang ")], expected, "{}", target.name);
        assert_eq!(measured.with_flags.len(), target.breaking_flags.len(), "{}", target.name);
    }
    let rows = Table::golden().rows;
    let twice = rows.iter().filter(|row| row.measured.witnesses.len() >= 2).count();
    assert!(twice >= 54, "{twice} rows with two witnesses");
}

/// A flag is named because it changes the layout.
#[test]
fn a_breaking_flag_breaks_the_layout() {
    for Row { target, measured: m, .. } in Table::golden().rows {
        let own = format!("{}, {}, {}", m.layout.size, m.layout.align, m.layout.data_offset);
        let kernel = format!("{}, {}, {}", m.kernel_size, m.kernel_align, m.kernel_data_offset);
        for said in &m.with_flags {
            assert!(
                !said.ends_with(&format!(": {own}; kernel {kernel}")),
                "{}: {said}",
                target.name
            );
        }
    }
}

#[test]
fn a_constant_that_one_header_lacks_survives_writing_and_reading() {
    let mut table = Table::golden();
    table.rows[3].measured.constants.remove("EPOLLWAKEUP");
    table.rows[4].measured.kernel_constants.remove("EPOLL_URING_WAKE");
    let text = table.to_toml();
    assert!(text.contains("\nwithout = [\"EPOLLWAKEUP\"]\n"));
    assert_eq!(Table::parse(&text).unwrap(), table);
    let other = build_script::rows(&text);
    assert!(!other[3].constants.contains_key("EPOLLWAKEUP"));
    assert!(other[2].constants.contains_key("EPOLLWAKEUP"));
    assert!(!other[4].kernel_constants.contains_key("EPOLL_URING_WAKE"));
}

#[test]
fn the_build_script_reads_the_same_rows() {
    let other = build_script::rows(TEXT);
    let table = Table::golden();
    assert_eq!(other.len(), table.rows.len());
    for (row, other) in table.rows.iter().zip(other) {
        let name = &row.target.name;
        assert_eq!(name, other.name());
        assert_eq!(row.measured.constants, other.constants, "{name}");
        assert_eq!(row.measured.kernel_constants, other.kernel_constants, "{name}");
        for (field, value) in row.measured.numbers() {
            let text = match field.as_str() {
                "packed" => (value == 1).to_string(),
                _ if field.contains("EPOLL") => continue,
                _ => value.to_string(),
            };
            assert_eq!(other.fields.get(&field), Some(&text), "{name}: {field}");
        }
        assert_eq!(other.fields.get("arch"), Some(&row.target.arch), "{name}");
    }
}

/// `rustc --print cfg`, without the quotes.
fn rust_cfg(triple: &str) -> Option<BTreeMap<String, String>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "cfg", "--target", triple]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.lines().filter_map(|line| line.strip_prefix("target_")?.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()));
    output.status.success().then(|| pairs.collect())
}

fn build_script_finds(row: &Row, cfg: &BTreeMap<String, String>) -> bool {
    let value = |key: &str| cfg.get(key).cloned().unwrap_or_default();
    let cfg = build_script::Cfg {
        os: value("os"),
        arch: value("arch"),
        env: value("env"),
        abi: value("abi"),
        endian: value("endian"),
        pointer_width: value("pointer_width"),
    };
    build_script::row(TEXT, &cfg).is_some_and(|found| found.name() == row.target.name)
}

#[test]
fn rust_says_the_same_of_its_targets_and_the_build_script_finds_each_row() {
    let mut asked = 0;
    for row in &Table::golden().rows {
        for triple in &row.target.rust {
            let Some(cfg) = rust_cfg(triple) else {
                println!("skipped: this rustc has no {triple}");
                continue;
            };
            let target = &row.target;
            assert_eq!(cfg["os"], target.os, "{triple}");
            assert_eq!(cfg["arch"], target.arch, "{triple}");
            assert_eq!(cfg["env"], target.env, "{triple}");
            assert_eq!(cfg["endian"], target.endian, "{triple}");
            assert_eq!(cfg["pointer_width"], target.pointer_width.to_string(), "{triple}");
            assert!(target.abi.is_empty() || cfg["abi"] == target.abi, "{triple}");
            assert!(build_script_finds(row, &cfg), "{triple} is not found as {}", target.name);
            asked += 1;
        }
    }
    assert!(asked >= 55, "only {asked} targets");
}

#[test]
fn a_rust_target_is_in_one_row_only() {
    let rows = Table::golden().rows;
    let all: Vec<_> = rows.iter().flat_map(|row| &row.target.rust).collect();
    assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len());
    for (triple, name) in
        [("i686-unknown-linux-musl", "i686-linux-musl"), ("i686-linux-gnu", "i686-linux-gnu")]
    {
        assert_eq!(Table::golden().row(triple).unwrap().target.name, name);
    }
    assert!(Table::golden().row("pdp11-unknown-linux-gnu").is_none());
}
