//! A wrong layout must not compile. This test spoils a copy of the crate, one line at a time, and
//! has the compiler refuse each; and it lets the compiler refuse wrong structures of a user.
//!
//! The copy is compiled with what bindgen generated for this build and with the golden table, so that
//! neither libclang nor a network is needed. Messages are matched by our own words, not by a snapshot of the compiler's.
#![cfg(feature = "verify")]

use epshim::layout::{CREATE_FLAGS, CTL_OPS, EVENT_FLAGS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const GENERATED: &str = include_str!(concat!(env!("OUT_DIR"), "/epoll.rs"));

/// A copy of the crate that can be spoiled, in a folder of its own.
struct Copy {
    root: PathBuf,
}

impl Copy {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let original = Path::new(env!("CARGO_MANIFEST_DIR"));
        let _ = fs::remove_dir_all(root.join("src"));
        copy_folder(&original.join("src"), &root.join("src"));
        fs::create_dir_all(root.join("examples")).unwrap();
        fs::create_dir_all(root.join("docs")).unwrap();
        for file in ["Cargo.lock", "docs/layouts.toml"] {
            fs::copy(original.join(file), root.join(file)).unwrap();
        }
        fs::copy(original.join("build/golden.rs"), root.join("golden.rs")).unwrap();
        let copy = Self { root };
        copy.write("epoll.rs", GENERATED);
        copy.write("Cargo.toml", &manifest(&original.join("Cargo.toml")));
        let declared = GENERATED.contains("fn epoll_pwait2");
        let cfg = if declared { "epoll_pwait2_declared" } else { "no_epoll_pwait2" };
        copy.write(
            "build.rs",
            &format!(
                "#[allow(dead_code)] mod golden;
                fn main() {{
                    println!(\"cargo::rustc-cfg={cfg}\");
                    println!(\"cargo::rustc-check-cfg=cfg({cfg}, epoll_pwait2_declared, header_not_read, in_golden_table)\");
                    if let Some(row) = golden::row_of_this_build() {{ row.write_for_the_proof(); }}
                    let out = std::env::var(\"OUT_DIR\").unwrap() + \"/epoll.rs\";
                    std::fs::copy(\"epoll.rs\", out).unwrap();
                }}"
            ),
        );
        copy
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.root.join(file), text).unwrap();
    }

    /// Runs `cargo check` with these arguments: what the compiler says, if it refuses.
    fn check(&self, arguments: &[&str]) -> Result<(), String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&self.root).args(["check", "--offline", "--color=never", "--quiet"]);
        cargo.args(arguments).env("CARGO_TARGET_DIR", self.root.join("target"));
        let output = cargo.output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        if output.status.success() { Ok(()) } else { Err(errors) }
    }

    /// Replaces text that stands in the file once; then the proof must fail, in `proof.rs` or in
    /// what bindgen generated; then puts the text back.
    fn is_refused_with(&self, file: &str, from: &str, to: &str, arguments: &[&str]) -> String {
        let path = self.root.join(file);
        let good = fs::read_to_string(&path).unwrap();
        assert_eq!(good.matches(from).count(), 1, "`{from}` in {file}");
        fs::write(&path, good.replace(from, to)).unwrap();
        let errors = self.check(arguments).expect_err(&format!("`{to}` in {file} compiles"));
        assert!(errors.contains("--> src/proof"), "`{to}` fails elsewhere: {errors}");
        fs::write(&path, good).unwrap();
        errors
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The library of our manifest alone: no build dependencies, no program, and no tests.
fn manifest(original: &Path) -> String {
    let original = fs::read_to_string(original).unwrap();
    let (_, dependencies) = original.split_once("\n[dependencies]\n").unwrap();
    let (dependencies, _) = dependencies.split_once("\n[").unwrap();
    format!(
        "[package]\nname = \"epshim\"\nversion = \"{}\"\nedition = \"2024\"\nautobins = false\n\
         [features]\ndefault = [\"verify\"]\nverify = []\n\
         [dependencies]\n{dependencies}\n[workspace]\n",
        env!("CARGO_PKG_VERSION")
    )
}

#[test]
fn a_spoiled_layout_does_not_compile() {
    let copy = Copy::new("spoiled-layout");
    copy.check(&[]).expect("the copy itself is good");
    copy.check(&["--no-default-features"]).expect("the copy itself is good without bindgen");

    let event = "    pub events: u32,\n";
    let (right, wrong) =
        if cfg!(any(target_arch = "x86_64", all(target_arch = "x86", target_env = "gnu"))) {
            ("    repr(C, packed)\n", "    repr(C)\n")
        } else {
            ("    )),\n    repr(C)\n", "    )),\n    repr(C, packed)\n")
        };
    // Once against bindgen and the libc crate, once against the libc crate alone.
    for arguments in [&[][..], &["--no-default-features"]] {
        copy.is_refused_with("src/layout.rs", right, wrong, arguments);
        copy.is_refused_with(
            "src/layout.rs",
            event,
            "    pub pad: u64, pub events: u32,\n",
            arguments,
        );
        copy.is_refused_with(
            "src/layout.rs",
            "    pub data: EventData,\n}",
            "    pub data: EventData, pub more: u8,\n}",
            arguments,
        );
        copy.is_refused_with(
            "src/layout.rs",
            "    u64: u64,\n}",
            "    u64: u64, more: [u64; 2],\n}",
            arguments,
        );
    }
}

#[test]
fn swapped_fields_do_not_compile() {
    let copy = Copy::new("swapped-fields");
    let layout = fs::read_to_string(copy.root.join("src/layout.rs")).unwrap();
    let fields = layout.split_once("pub struct Event {\n").unwrap().1.split_once("}\n").unwrap().0;
    let (events, data) = fields.split_at(fields.find("pub events: u32,\n").unwrap() + 17);
    copy.is_refused_with("src/layout.rs", fields, &format!("{data}{events}"), &[]);
    copy.is_refused_with(
        "src/layout.rs",
        fields,
        &format!("{data}{events}"),
        &["--no-default-features"],
    );
}

#[test]
fn a_wrong_constant_does_not_compile() {
    let copy = Copy::new("wrong-constant");
    let unsigned = EVENT_FLAGS.iter().map(|&(name, _)| name);
    let signed = CTL_OPS.iter().chain(CREATE_FLAGS).map(|&(name, _)| name);
    for name in unsigned.chain(signed) {
        copy.is_refused_with(
            "src/layout.rs",
            &format!("    {name} = "),
            &format!("    {name} = 1 ^ "),
            &[],
        );
    }
}

#[test]
#[cfg(in_golden_table)]
fn a_changed_number_in_the_golden_table_does_not_compile() {
    let copy = Copy::new("changed-table");
    let table = fs::read_to_string(copy.root.join("docs/layouts.toml")).unwrap();
    let heading = format!("name = \"{}\"\n", env!("EPSHIM_GOLDEN_ROW"));
    let (_, row) = table.split_once(&heading).unwrap();
    let row = format!("{heading}{}", row.split("[[target]]").next().unwrap());
    for field in ["size", "align", "events_offset", "data_offset", "data_size", "data_align"] {
        let wrong = row.replace(&format!("\n{field} = "), &format!("\n{field} = 3"));
        let errors = copy.is_refused_with("docs/layouts.toml", &row, &wrong, &[]);
        let named = format!("`{field}` of Event is not what docs/layouts.toml says");
        assert!(errors.contains(&named), "{field}: {errors}");
    }
    let (_, usual) = table.split_once("\n[constants]\n").unwrap();
    let usual = format!("\n[constants]\n{}", usual.split("\n[").next().unwrap());
    for name in ["EPOLLPRI", "EPOLL_CLOEXEC", "EPOLL_CTL_MOD"] {
        let wrong = usual.replace(&format!("{name} = 0x"), &format!("{name} = 0x1"));
        assert_ne!(wrong, usual);
        let errors = copy.is_refused_with("docs/layouts.toml", &usual, &wrong, &[]);
        assert!(errors.contains(name), "{name}: {errors}");
    }
}

#[test]
fn a_wrong_signature_does_not_compile() {
    let copy = Copy::new("wrong-signature");
    let functions = [
        ("src/ffi/libc_abi.rs", "epshim_create1(flags: c_int)", "epshim_create1(flags: u32)"),
        (
            "src/ffi/libc_abi.rs",
            "epshim_close(epfd: c_int) -> c_int",
            "epshim_close(epfd: c_int, _: i32) -> c_int",
        ),
        (
            "src/ffi/split.rs",
            "epshim_delete(epfd: c_int, fd: c_int)",
            "epshim_delete(epfd: c_int, fd: c_int, _: u64)",
        ),
        (
            "src/ffi/reactor.rs",
            "epshim_reactor_remove(reactor: *mut CReactor, handle: u64)",
            "epshim_reactor_remove(reactor: *mut CReactor, handle: u32)",
        ),
    ];
    for (file, from, to) in functions {
        copy.is_refused_with(file, from, to, &[]);
    }
}

#[test]
fn a_header_that_changed_does_not_compile() {
    let copy = Copy::new("changed-header");
    let add = GENERATED.split_once("fn epshim_add").unwrap().1.split_once(';').unwrap().0;
    let wrong = add.replacen("u32", "u16", 1);
    assert_ne!(wrong, add);
    copy.is_refused_with(
        "epoll.rs",
        &format!("fn epshim_add{add}"),
        &format!("fn epshim_add{wrong}"),
        &[],
    );
}

#[test]
fn a_wrong_structure_of_the_users_own_does_not_compile() {
    const CASES: &[(&str, &str, &str)] = &[
        (
            "unpacked",
            "#[repr(C)] struct E { events: u32, data: u64 }",
            "size of E is not that of struct epoll_event",
        ),
        (
            "swapped",
            "#[repr(C, packed)] struct E { data: u64, events: u32 }",
            "E::events is not where struct epoll_event has its events",
        ),
        (
            "aligned",
            "#[repr(C)] struct E { events: u32, data: [u32; 2] }",
            "alignment of E is not that of struct epoll_event",
        ),
        (
            "narrow",
            "#[repr(C, packed)] struct E { events: u32, data: u32, rest: u32 }",
            "E::data is not 64 bits wide",
        ),
        (
            "short",
            "#[repr(C, packed)] struct E { events: u16, rest: u16, data: u64 }",
            "E::events is not 32 bits wide",
        ),
    ];
    let copy = Copy::new("users-own");
    let program = |structure: &str| {
        format!(
            "#![forbid(unsafe_code)]\n{structure}\nepshim::assert_event_layout!(E {{ events, data }});\nfn main() {{}}\n"
        )
    };
    let right = if cfg!(target_arch = "x86_64") { "repr(C, packed)" } else { "repr(C)" };
    copy.write(
        "examples/right.rs",
        &program(&format!("#[{right}] struct E {{ events: u32, data: u64 }}")),
    );
    copy.check(&["--example", "right"]).expect("a right structure compiles");
    if cfg!(target_arch = "x86_64") {
        for &(name, structure, complaint) in CASES {
            copy.write(&format!("examples/{name}.rs"), &program(structure));
            let errors = copy.check(&["--example", name]).expect_err(structure);
            assert!(errors.contains(complaint), "{structure}: {errors}");
        }
    }
}
