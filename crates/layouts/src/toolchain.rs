//! Which C compilers a target has on this machine, and which headers each of them reads.
//!
//! There are two: Debian's gcc for the target, with Debian's headers, and `zig cc` of PyPI's package
//! `ziglang`, which is clang for nearly every target and brings headers of glibc, musl and the kernel.
//! Where Debian has a compiler and no headers (musl on big-endian ARM, the kernel's on OpenRISC), gcc
//! reads those of ziglang. The surprising thing: clang knows the layouts of targets for which zig has no
//! code generator (C-SKY, ARC, m68k); then its front end alone is asked.
//!
//! It installs nothing: `install.sh` does.

use crate::measure::{Compiler, Form, Unmeasured};
use crate::table::Target;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The package of PyPI, unpacked below target/tmp by install.sh or by the tests.
pub const ZIGLANG: &str = "ziglang==0.17.1";
/// Where Debian's dietlibc-dev has its headers.
const DIET: &str = "/usr/include/diet";

impl Compiler {
    /// The compiler whose answer is the table's, if this machine has it: gcc, or zig where Debian has no
    /// gcc. `cache` is where `install.sh` unpacks what it does not install.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn of(target: &Target, cache: &Path) -> Result<Self, Unmeasured> {
        match target.compiler.is_empty() {
            true => Self::zig(target, cache),
            false => gcc(target, cache),
        }
    }

    /// zig's compiler for a target that has one.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn zig(target: &Target, cache: &Path) -> Result<Self, Unmeasured> {
        let zig = Zig::of(cache)?;
        let program = zig.program().display().to_string();
        let mut command = vec![program];
        let form = if target.zig_front_end.is_empty() {
            command.extend(["cc".to_owned(), "-target".to_owned()]);
            command.extend(target.zig.split_whitespace().map(str::to_owned));
            Form::Object
        } else {
            command.extend(["clang".to_owned(), format!("--target={}", target.zig_front_end)]);
            Form::Tree
        };
        if !target.zig_headers.is_empty() {
            command.push("-nostdinc".to_owned());
            command.extend(system_folder(zig.root.join("lib/include")));
            command.extend(zig.headers(target));
        }
        let mut compiler = Self::new(command, cache.join("objects"));
        compiler.form = form;
        compiler.kernel_only = target.is_kernel_only();
        compiler.cache = Some(cache.join("zig-cache"));
        compiler.libc_version = zig.libc_version(target);
        compiler.said_as = format!("zig {} ({})", zig.version()?, compiler.clang_version());
        Ok(compiler)
    }

    /// The first words of `--version`: `clang 22.1.0`.
    fn clang_version(&self) -> String {
        let mut command = Command::new(&self.command[0]);
        command.args([&self.command[1], "--version"]).stdin(Stdio::null());
        let output = command.output().map(|output| output.stdout).unwrap_or_default();
        let text = String::from_utf8_lossy(&output);
        let words: Vec<_> = text.split_whitespace().take(3).collect();
        match words[..] {
            ["clang", "version", version] => format!("clang {version}"),
            _ => "clang".to_owned(),
        }
    }
}

fn gcc(target: &Target, cache: &Path) -> Result<Compiler, Unmeasured> {
    let command: Vec<_> = target.compiler.split_whitespace().map(str::to_owned).collect();
    let mut compiler = Compiler::new(command, cache.join("objects"));
    compiler.kernel_only = target.is_kernel_only();
    let asked = ask(&compiler.command[0], "-dumpfullversion");
    if asked.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        let reason = format!("no {}; Debian: {}", compiler.command[0], target.packages);
        return Err(Unmeasured::Missing(reason));
    }
    compiler.said_as = format!("gcc {}", asked.unwrap_or_default());
    match target.headers.as_str() {
        "zig" => {
            let zig = Zig::of(cache)?;
            let own = ask(&compiler.command[0], "-print-file-name=include").unwrap_or_default();
            compiler.command.push("-nostdinc".to_owned());
            compiler.command.extend(system_folder(own.into()));
            compiler.command.extend(zig.headers(target));
            compiler.said_as += ", on the headers of ziglang";
            compiler.libc_version = zig.libc_version(target);
        }
        "diet" => {
            if !Path::new(DIET).is_dir() {
                return Err(Unmeasured::Missing(format!("no {DIET}; Debian: dietlibc-dev")));
            }
            compiler.libc_flags = vec!["-nostdinc".into(), "-isystem".into(), DIET.into()];
            compiler.libc_version = Some(installed_version("dietlibc-dev"));
        }
        _ => {}
    }
    if !target.musl.is_empty() {
        read_unpacked_musl(&mut compiler, target, cache)?;
    }
    Ok(compiler)
}

/// musl's headers, as `install.sh` unpacks them.
fn read_unpacked_musl(
    compiler: &mut Compiler,
    target: &Target,
    cache: &Path,
) -> Result<(), Unmeasured> {
    let root = cache.join("musl").join(&target.musl);
    let missing = || {
        let reason = format!("musl-dev:{} is not in {}", target.musl, root.display());
        Unmeasured::Missing(reason)
    };
    let version = fs::read_to_string(root.join("version")).map_err(|_| missing())?;
    compiler.libc_version = Some(version.trim().to_owned());
    let include = only_folder(&root.join("usr/include")).ok_or_else(missing)?;
    // musl brings all of C's headers; the compiler's own would be found after it.
    compiler.libc_flags = vec!["-nostdinc".into(), "-isystem".into(), include];
    Ok(())
}

/// PyPI's package `ziglang`, unpacked.
struct Zig {
    root: PathBuf,
}

impl Zig {
    fn of(cache: &Path) -> Result<Self, Unmeasured> {
        let root = cache.with_file_name("tmp").join(ZIGLANG).join("ziglang");
        let zig = Self { root: root.clone() };
        if zig.program().is_file() {
            return Ok(zig);
        }
        let reason = format!("no {}; sh crates/layouts/install.sh", root.display());
        Err(Unmeasured::Missing(reason))
    }

    fn program(&self) -> PathBuf {
        self.root.join("zig")
    }

    fn version(&self) -> Result<String, Unmeasured> {
        let program = self.program().display().to_string();
        ask(&program, "version").map_err(|error| Unmeasured::Broken(format!("{program}: {error}")))
    }

    /// The folders that a target names, as flags.
    fn headers(&self, target: &Target) -> Vec<String> {
        let base = self.root.join("lib/libc/include");
        target
            .zig_headers
            .split_whitespace()
            .flat_map(|name| system_folder(base.join(name)))
            .collect()
    }

    /// The version of a C library's headers. No header of musl tells it, and in those of glibc the macro is what
    /// was asked for: they are of the newest version that zig knows.
    fn libc_version(&self, target: &Target) -> Option<String> {
        match target.libc.as_str() {
            "musl" => {
                let file = self.root.join("lib/libc/musl/src/internal/version.h");
                Some(fs::read_to_string(file).ok()?.split('"').nth(1)?.to_owned())
            }
            "glibc" => {
                let targets = ask(&self.program().display().to_string(), "targets").ok()?;
                let (_, list) = targets.split_once(".glibc = .{")?;
                let (list, _) = list.split_once('}')?;
                let newest = list.split('"').rfind(|text| text.starts_with("2."))?;
                Some(newest.trim_end_matches(".0").to_owned())
            }
            _ => None,
        }
    }
}

fn system_folder(folder: PathBuf) -> [String; 2] {
    ["-isystem".to_owned(), folder.display().to_string()]
}

/// What a program answers to one argument, in a word.
fn ask(program: &str, argument: &str) -> std::io::Result<String> {
    let mut command = Command::new(program);
    command.arg(argument).stdin(Stdio::null()).stderr(Stdio::null());
    Ok(String::from_utf8_lossy(&command.output()?.stdout).trim().to_owned())
}

/// The upstream version of a Debian package.
fn installed_version(package: &str) -> String {
    let mut command = Command::new("dpkg-query");
    command.args(["-W", "-f", "${Version}", package]).stdin(Stdio::null()).stderr(Stdio::null());
    let text = command.output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.split(['~', '-']).next().unwrap_or_default().to_owned()
}

/// The path of the one folder in this folder.
pub(crate) fn only_folder(folder: &Path) -> Option<String> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    let entry = entries.next()?;
    entry.path().to_str().map(str::to_owned)
}
