//! What the library exports is what `hooks/functions.toml` lists: libc's names, and no other.

#[allow(dead_code)] // the build script uses all of it
#[path = "../build/table.rs"]
mod table;

use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, command, library};
use epshim_harness::process::run;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use table::{Function, Table};

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Every dynamic symbol that the library defines.
fn exported(library: &Path) -> BTreeSet<String> {
    let mut command = Command::new("nm");
    let table = run(command.args(["-D", "--defined-only"]).arg(library)).stdout;
    let table = String::from_utf8(table).unwrap();
    table.lines().map(|line| line.split(' ').next_back().unwrap().to_owned()).collect()
}

#[test]
fn the_library_exports_the_listed_functions_and_no_other() {
    let is_time64 =
        cfg!(all(target_env = "gnu", target_pointer_width = "32", not(target_arch = "x86_64")));
    let text = include_str!("../hooks/functions.toml");
    let functions = Table::parse(text).and_then(|table| table.functions()).unwrap();
    let here = |function: &Function| function.only.is_none() || is_time64;
    let listed: BTreeSet<String> = functions
        .into_iter()
        .filter(|function| function.is_exported && here(function))
        .map(|function| function.name)
        .collect();
    assert_eq!(exported(&library()), listed);
}

/// gcc and clang have these flags since long before what else the hooks need of them.
#[test]
fn the_hooks_have_a_canary_and_a_place_to_land_for_indirect_branches() {
    let library = library();
    let imported = run(Command::new("nm").args(["-D", "--undefined-only"]).arg(&library)).stdout;
    let imported = String::from_utf8(imported).unwrap();
    let canary = |line: &str| line.trim_start().starts_with("U __stack_chk_fail");
    assert!(imported.lines().any(canary), "{imported}");
    let landing = match std::env::consts::ARCH {
        "x86_64" => "endbr64",
        "aarch64" => "bti",
        _ => return,
    };
    let code = run(Command::new("objdump").args(["-d", "--no-show-raw-insn"]).arg(&library)).stdout;
    let code = String::from_utf8(code).unwrap();
    let mut functions = exported(&library);
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        // 0000000000012340 <close>:
        let Some(name) = line.split_once('<').and_then(|(_, rest)| rest.strip_suffix(">:")) else {
            continue;
        };
        let first = lines.next().unwrap_or_default();
        let is_hook = name.starts_with("hook_");
        if functions.remove(name) || is_hook {
            assert!(first.contains(landing), "{name} begins with {first}");
        }
    }
    assert!(functions.is_empty(), "objdump shows no code of {functions:?}");
}

/// A row of a table of one function, or what is wrong with it.
fn row(rows: &str) -> Result<Vec<Function>, String> {
    let kind = "[[kind]]\nname = \"Read\"\nmeans = \"bytes in\"\n";
    Table::parse(&format!("{kind}{rows}")).and_then(|table| table.functions())
}

#[test]
fn a_row_that_makes_no_sense_is_refused_with_the_reason() {
    let good =
        "[[function]]\nc = \"int shut(int fd, int flags)\"\ncall = \"close\"\nfails = \"EBADF\"\n";
    assert_eq!(row(&format!("{good}flags = \"O\"")).unwrap()[0].parameters.len(), 2);
    for (rows, reason) in [
        (good.to_owned(), "the parameter flags and the key flags come together"),
        (good.replace("(int fd, int flags)", ""), "the signature has no parameters"),
        (good.replace("int fd, int flags", "int, int"), "is not a type and a name"),
        (good.replace("call = \"close\"", ""), "neither call nor like"),
        (good.replace("call = \"close\"", "like = \"close\""), "no row above is close"),
        (good.replace("fails = \"EBADF\"", ""), "fails is missing"),
        (good.replace("\"close\"", "\"open\""), "unknown variant"),
        (format!("{good}short = 1"), "expected a boolean"),
        (format!("{good}sytem_call = []"), "unknown field"),
        (format!("{good}flags = \"O\"\n{good}flags = \"O\""), "there is such a row already"),
    ] {
        let complaint = row(&rows).unwrap_err();
        assert!(complaint.contains(reason), "{complaint:?} does not say {reason:?}");
    }
}

/// The table is the one place: a row more, and no other line.
#[test]
fn a_function_added_to_the_table_is_exported_hooked_and_counted() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-row-more");
    fs::create_dir_all(&folder).unwrap();
    let table = folder.join("functions.toml");
    let rows = "
[[function]]
c = \"ssize_t other_read(int fd, void *buffer, size_t size)\"
like = \"read\"

[[function]]
c = \"int other_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)\"
like = \"epoll_wait\"
";
    fs::write(&table, [include_str!("../hooks/functions.toml"), rows].concat()).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--lib"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.env("EPSHIM_FUNCTIONS", &table).env("CARGO_TARGET_DIR", folder.join("target"));
    run(&mut cargo);
    let longer = folder.join("target/debug/libepshim_preload.so");

    let added = ["other_read", "other_wait"].map(str::to_owned);
    let expected = exported(&library()).into_iter().chain(added).collect();
    assert_eq!(exported(&longer), expected);

    let functions = "one-row-more/libother.so";
    compile(PACKAGE, &["tests/other_functions.c"], functions, &["-shared", "-fPIC", "-ldl"]);
    let link = format!("-L{0} -lother -Wl,-rpath,{0}", folder.display());
    let link: Vec<&str> = link.split(' ').collect();
    let program = compile(PACKAGE, &["tests/other_program.c"], "one-row-more/program", &link);
    let said = |library: &Path| {
        let mut program = command(&program, Mode::Checking);
        let output = run(program.env("LD_PRELOAD", library));
        String::from_utf8(output.stderr).unwrap()
    };
    let with = said(&longer);
    assert!(with.contains("last read by"), "the read is not observed:\n{with}");
    assert!(with.contains("1 finding in 2 waits"), "the waits are not counted:\n{with}");
    let without = said(&library());
    assert!(without.contains("0 findings in 0 waits"), "these are not hooked:\n{without}");
}
