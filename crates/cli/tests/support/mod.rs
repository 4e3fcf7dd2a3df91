//! Runs the `epshim` command, and keeps a folder for each test.

#![allow(dead_code, reason = "each test program uses a part")]

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// The command as cargo has built it, without colour and settings from outside.
pub fn epshim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_epshim"));
    command.args(arguments);
    for name in SETTINGS {
        command.env_remove(name);
    }
    command
}

const SETTINGS: [&str; 8] = [
    "CC",
    "CLANG_PATH",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "EPSHIM_OPTIONS",
    "EPSHIM_PRELOAD",
    "LD_PRELOAD",
    "NO_COLOR",
];

/// The preload library, which cargo does not build for the tests of another package.
pub fn preload() -> PathBuf {
    static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_epshim")).parent().expect("a folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "-p", "epshim-preload"]);
        cargo.arg("--target-dir").arg(folder.parent().expect("the target folder"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        run(cargo.current_dir(env!("CARGO_MANIFEST_DIR")));
        folder.join("libepshim_preload.so").canonicalize().expect("cargo built it")
    });
    LIBRARY.clone()
}

/// [`epshim`], with the preload library built.
pub fn watching(arguments: &[&str]) -> Command {
    preload();
    epshim(arguments)
}

/// Compiles C into `folder/name`.
pub fn compile(folder: &Path, name: &str, source: &str, options: &[&str]) -> PathBuf {
    let (file, product) = (folder.join(format!("{name}.c")), folder.join(name));
    fs::write(&file, source).expect("the folder is ours");
    run(Command::new("cc").arg(&file).arg("-o").arg(&product).args(options));
    product
}

/// Changes a file's mode.
pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

/// Writes a file that may be executed.
pub fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("the folder is ours");
    chmod(path, 0o755);
}

/// What an answer of the command was.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ends by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// Runs `epshim` with these arguments.
pub fn answer(arguments: &[&str]) -> Answer {
    ask(&mut epshim(arguments))
}

/// Runs a command of [`epshim`].
pub fn ask(command: &mut Command) -> Answer {
    command.output().expect("epshim runs").into()
}

/// The output of a successful answer.
pub fn output(arguments: &[&str]) -> String {
    let answer = answer(arguments);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{arguments:?}");
    answer.out
}

/// The text that `--emit` writes.
pub fn emitted(language: &str, target: &str) -> String {
    output(&["layout", "--emit", language, "--target", target])
}

/// The Rust target of this machine; a name of the host's row.
pub fn host() -> String {
    let text = ask(&mut epshim(&["layout", "--json"])).out;
    json(&text)["rust_target"].as_str().expect("a name").to_owned()
}

/// An empty folder with this name, below cargo's folder for the products of tests.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder of the products is ours");
    folder
}

/// Runs a command that must succeed: its output.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (output.stdout, output.stderr);
    let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    out.into_owned()
}

/// Reads the answer to `--json`.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The keys of an object, in the order of the alphabet.
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A header that glibc might have written, but for the structure.
fn header(structure: &str, cloexec: &str) -> String {
    let mut text = format!(
        "typedef union {{ void *ptr; int fd; unsigned u32; unsigned long long u64; }} epoll_data_t;\n{structure}\n\
         #define EPOLL_CLOEXEC {cloexec}\n#define EPOLL_NEW_FLAG 0x4000u\n#define __GLIBC__ 2\n\
         #define __GLIBC_MINOR__ 99\n"
    );
    for (name, value) in epshim::layout::EVENT_FLAGS {
        text += &format!("#define {name} {value}u\n");
    }
    text
}

/// As on most targets.
pub const UNPACKED: &str =
    "struct epoll_event { unsigned events; epoll_data_t data __attribute__((aligned(8))); };";
/// As on x86-64.
pub const PACKED: &str =
    "struct epoll_event { unsigned events; epoll_data_t data; } __attribute__((packed));";

/// A sysroot with nothing in it but this header.
pub fn sysroot(name: &str, structure: &str, cloexec: &str) -> String {
    let root = folder(name);
    fs::create_dir_all(root.join("usr/include/sys")).unwrap();
    fs::write(root.join("usr/include/sys/epoll.h"), header(structure, cloexec)).unwrap();
    root.display().to_string()
}
