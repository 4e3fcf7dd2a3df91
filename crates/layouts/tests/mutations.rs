//! A change in the table, in `src/layout.rs` or in a header makes the check fail, and it names what
//! changed. The program runs on a spoiled copy of the repository; the target measured is this machine's.

use epshim_harness::ziglang;
use epshim_layouts::check::{self, Project};
use epshim_layouts::embedded::lines;
use epshim_layouts::measure::Compiler;
use epshim_layouts::{Row, Table, clang, compare, rust_rule, targets};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A copy of what the check reads.
struct Copy {
    root: PathBuf,
}

impl Copy {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        for file in ["docs/layouts.toml", "docs/layouts.md", "src/layout.rs", "include/epshim.h"] {
            let copy = root.join(file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(Project::here().root.join(file), copy).unwrap();
        }
        Self { root }
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in {file}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    /// Status and output of `epshim-layouts check` on the copy, for this machine's target.
    fn check(&self) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_epshim-layouts"));
        command.args(["check", "--require", "1", "--root"]).arg(&self.root).arg(host().target.name);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }
}

/// The row of the machine that runs this.
fn host() -> Row {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let triple = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    Table::golden().row(triple).expect("tests run on a machine of the table").clone()
}

/// The host's compiler, which finds headers in this folder first.
fn compiler_with_headers(folder: &Path) -> Compiler {
    let mut compiler = Compiler::of(&host().target, &Project::here().cache).unwrap();
    compiler.libc_flags.extend(["-isystem".into(), folder.display().to_string()]);
    compiler
}

#[test]
fn a_good_copy_passes() {
    let (status, output) = Copy::new("good").check();
    assert_eq!(status, Some(0), "{output}");
    assert!(
        output.contains("1 of 1 targets checked, 1 of them by C compiler and bindgen, 0 by"),
        "{output}"
    );
}

#[test]
fn one_changed_number_in_the_table_is_named() {
    let row = host();
    let name = &row.target.name;
    let copy = Copy::new("table");
    let heading = format!("name = \"{name}\"\n");
    let text = fs::read_to_string(copy.root.join("docs/layouts.toml")).unwrap();
    let (_, rest) = text.split_once(&heading).unwrap();
    let rest = rest.split("[[target]]").next().unwrap();
    for (field, value) in row.measured.numbers() {
        if field.contains("EPOLL") || field == "packed" {
            continue;
        }
        let spoiled =
            rest.replacen(&format!("\n{field} = {value}\n"), &format!("\n{field} = 77\n"), 1);
        copy.replace(
            "docs/layouts.toml",
            &format!("{heading}{rest}"),
            &format!("{heading}{spoiled}"),
        );
        let (status, output) = copy.check();
        assert_eq!(status, Some(1), "{output}");
        let line = format!("DIFFERS: {name}: {field}: expected 77, found {value} (");
        assert!(output.contains(&line), "{line}: {output}");
        copy.replace(
            "docs/layouts.toml",
            &format!("{heading}{spoiled}"),
            &format!("{heading}{rest}"),
        );
    }
}

#[test]
fn one_changed_constant_in_the_table_is_named() {
    let copy = Copy::new("constant");
    copy.replace("docs/layouts.toml", "\nEPOLLRDHUP = 0x2000\n", "\nEPOLLRDHUP = 0x2001\n");
    let (status, output) = copy.check();
    assert_eq!(status, Some(1), "{output}");
    let name = host().target.name;
    assert!(output.contains(&format!("{name}: EPOLLRDHUP: expected 0x2001, found 0x2000 (")));
    assert!(output.contains("EPOLLRDHUP: expected 0x2001, found 0x2000 (bindgen)"), "{output}");
    assert!(
        output.contains("EPOLLRDHUP: expected 0x2001, found 0x2000 (src/layout.rs)"),
        "{output}"
    );
    assert!(output.contains("docs/layouts.md: text: expected what docs/layouts.toml renders to"));
}

#[test]
fn a_row_that_describes_its_target_otherwise_is_named() {
    let copy = Copy::new("description");
    copy.replace("docs/layouts.toml", "arch = \"s390x\"", "arch = \"s390\"");
    let (status, output) = copy.check();
    assert_eq!(status, Some(1), "{output}");
    assert!(
        output.contains("DIFFERS: s390x-linux-gnu: its description: expected the one in"),
        "{output}"
    );
}

/// Every condition of `src/layout.rs`, spoiled; and a target that must be named for it.
const SPOILED: &[(&str, &str, &str)] = &[
    (
        "any(target_arch = \"x86_64\", all(",
        "any(all(",
        "x86_64-linux-gnu: src/layout.rs: expected one layout",
    ),
    (
        "target_env = \"gnu\")),\n    repr(C, packed)",
        "target_env = \"musl\")),\n    repr(C, packed)",
        "i686-linux-gnu: src/layout.rs",
    ),
    ("repr(C, packed)", "repr(C)", "x86_64-linux-gnux32: size: expected 12, found 16"),
    ("repr(C, packed)", "repr(C, packed(4))", "x86_64-linux-gnu: align: expected 1, found 4"),
    ("repr(C, packed(2))", "repr(C)", "m68k-linux-gnu: align: expected 2, found 4"),
    (
        "    )),\n    repr(C)\n",
        "    )),\n    repr(C, packed)\n",
        "aarch64-linux-gnu: size: expected 16, found 12",
    ),
    (
        "    )),\n    repr(C)\n",
        "    )),\n    repr(C, packed)\n",
        "i686-linux-musl: align: expected 4, found 1",
    ),
    (
        "target_arch = \"sparc\", target",
        "target_arch = \"spark\", target",
        "sparc-linux-gnu: src/layout.rs: expected one layout",
    ),
    ("0x20_0000", "0x40_0000", "hppa-linux-gnu: EPOLL_CLOEXEC: expected 0x200000, found 0x400000"),
    (
        "EPOLLWRBAND = 0x200",
        "EPOLLWRBAND = 0x300",
        "riscv64-linux-gnu: EPOLLWRBAND: expected 0x200",
    ),
    (
        "EPOLL_URING_WAKE = 1 << 27",
        "EPOLL_URING_WAKE = 1 << 26",
        "alpha-linux-gnu: kernel_EPOLL_URING_WAKE",
    ),
    ("pub events: u32,", "pub events: u64,", "the fields are not"),
];

#[test]
fn one_changed_condition_in_layout_rs_is_named_for_the_targets_it_concerns() {
    let good = fs::read_to_string(Project::here().root.join("src/layout.rs")).unwrap();
    let golden = Table::golden();
    assert_eq!(rust_rule::differences(&good, &golden).unwrap(), []);
    for &(from, to, named) in SPOILED {
        assert!(good.contains(from), "`{from}` is not in src/layout.rs");
        let found = match rust_rule::differences(&good.replacen(from, to, 1), &golden) {
            Ok(differences) => differences.iter().map(|d| format!("{d}\n")).collect(),
            Err(reason) => reason,
        };
        assert!(!found.is_empty() && found.contains(named), "`{to}`: {named}: {found}");
    }
}

#[test]
fn one_changed_condition_in_layout_rs_fails_the_check() {
    let copy = Copy::new("rule");
    let (from, to) = ("all(target_arch = \"x86\", target_env = \"gnu\")", "target_arch = \"x86\"");
    copy.replace("src/layout.rs", from, to);
    copy.replace("src/layout.rs", from, to);
    let (status, output) = copy.check();
    assert_eq!(status, Some(1), "{output}");
    let line = "DIFFERS: i686-linux-musl: align: expected 4, found 1 (src/layout.rs)";
    assert!(output.contains(line), "{output}");
}

#[test]
fn a_condition_that_no_row_decides_is_named() {
    let good = fs::read_to_string(Project::here().root.join("src/layout.rs")).unwrap();
    let spoiled = good.replacen("target_arch = \"m68k\"", "feature = \"m68k\"", 1);
    let differences = rust_rule::differences(&spoiled, &Table::golden()).unwrap();
    assert_eq!(differences.len(), Table::golden().rows.len());
    assert_eq!(differences[0].found, "a condition that no row decides: Feature(\"m68k\")");
}

/// A copy of the host's `<sys/epoll.h>` with another packing.
fn copied_header(name: &str, packing: &str) -> PathBuf {
    let mut preprocess = Command::new("cc");
    preprocess.args(["-M", "-include", "sys/epoll.h", "-x", "c", "/dev/null"]);
    let output = String::from_utf8(preprocess.output().unwrap().stdout).unwrap();
    let original = output.split_whitespace().find(|path| path.ends_with("/sys/epoll.h")).unwrap();
    let text = fs::read_to_string(original).unwrap();
    let (from, to) = ("} __EPOLL_PACKED;", format!("}} {packing};"));
    assert_eq!(text.matches(from).count(), 1, "glibc packs the structure with a macro of its own");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(folder.join("sys")).unwrap();
    fs::write(folder.join("sys/epoll.h"), text.replace(from, &to)).unwrap();
    folder
}

#[test]
fn one_byte_of_packing_in_a_copied_header_is_named_by_every_witness() {
    let Row { target, measured, .. } = host();
    let same = copied_header("same-header", "__EPOLL_PACKED");
    assert_eq!(compiler_with_headers(&same).measure().unwrap(), measured_here());

    let folder = copied_header("one-byte", "__attribute__((packed, aligned(2)))");
    let compiler = compiler_with_headers(&folder);
    let found = compiler.measure().unwrap();
    let differences = compare::all(&target.name, &measured, &found, "cc");
    let align = differences.iter().find(|d| d.field == "align").expect("the alignment changed");
    assert!(align.found.starts_with("2 "), "{align}");
    let complaint = check::compiles(&compiler, &Project::here().root).unwrap_err();
    assert!(complaint.contains("struct epoll_event has not the"), "{complaint}");
    let theirs = clang::read(&compiler, &target.clang).unwrap();
    assert_eq!(theirs["align"], 2);
    let row = lines::rows(include_str!("../../../docs/layouts.toml"));
    let row = row.into_iter().find(|row| row.name() == target.name).unwrap();
    let arguments =
        [format!("--target={}", target.clang), "-isystem".into(), folder.display().to_string()];
    let sentence = row.refusal(&clang::bindings(&arguments).unwrap(), "").unwrap();
    assert!(sentence.contains("has align = 2, but on that target it is"), "{sentence}");
}

fn measured_here() -> epshim_layouts::Measured {
    let target = targets().into_iter().find(|target| *target == host().target).unwrap();
    Project::here().measure(&target).unwrap().1
}

#[test]
fn too_few_targets_and_unknown_ones_are_no_success() {
    for (arguments, status) in [
        (&["check", "--require", "1000"][..], 2),
        (&["check", "pdp11-linux-gnu"], 2),
        (&["check", "--sideways"], 2),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_epshim-layouts"));
        let output = command.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    }
}

#[test]
fn a_target_without_its_compiler_is_skipped_by_name() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_epshim-layouts"));
    command.args(["check", "--require", "1", "alpha-linux-gnu"]).env("PATH", "/nonexistent");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains("skipped: alpha-linux-gnu: no alpha-linux-gnu-gcc; Debian: gcc-alpha"),
        "{text}"
    );
    assert!(text.contains("0 of 1 targets checked"), "{text}");
}

/// zig alone sees a wrong number too, where there is no gcc for the target.
#[test]
fn one_changed_number_in_the_table_is_named_by_zig() {
    if ziglang::zig().is_none() {
        return;
    }
    let copy = Copy::new("zig");
    let heading = "name = \"s390x-linux-gnu\"\n";
    let text = fs::read_to_string(copy.root.join("docs/layouts.toml")).unwrap();
    let (_, rest) = text.split_once(heading).unwrap();
    let rest = rest.split("[[target]]").next().unwrap();
    let spoiled = rest.replacen("\nsize = 16\n", "\nsize = 12\n", 1);
    copy.replace("docs/layouts.toml", &format!("{heading}{rest}"), &format!("{heading}{spoiled}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_epshim-layouts"));
    command.args(["check", "--require-zig", "1", "--root"]).arg(&copy.root).arg("s390x-linux-gnu");
    let output = command.env("PATH", "/nonexistent").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("DIFFERS: s390x-linux-gnu: size: expected 12, found 16 (zig cc)"),
        "{text}"
    );
    assert!(text.contains("1 by zig"), "{text}");
}
