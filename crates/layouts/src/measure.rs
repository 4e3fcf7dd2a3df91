//! Asks a C compiler what its headers say, without running anything on the target.
//!
//! The questions are compiled into an object file as text (a name, eight hexadecimal digits) and
//! read back from its bytes: that works for every byte order, object format and assembler, and the
//! answers are those of the compiler that a user of the target has. Which constants there are to ask
//! for is read from the header as well, so that a new one cannot pass unseen.

use crate::patience;
use crate::table::{Constants, Measured, Target};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fmt, fs, process};

/// A C compiler that produces code for one target and finds the headers of one C library.
#[derive(Debug, Clone)]
pub struct Compiler {
    /// The program and the flags that choose the ABI.
    pub command: Vec<String>,
    /// The flags that choose the C library's headers, where they are not the compiler's own.
    pub libc_flags: Vec<String>,
    /// The version of the C library, where no macro of its headers tells.
    pub libc_version: Option<String>,
    /// Where object files may be written.
    pub scratch: PathBuf,
}

/// Why a target has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmeasured {
    /// The compiler or the headers are not on this machine.
    Missing(String),
    /// They are, and something is wrong.
    Broken(String),
}

impl fmt::Display for Unmeasured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Missing(reason) | Self::Broken(reason)) = self;
        f.write_str(reason)
    }
}

/// The two headers that define `struct epoll_event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// `<sys/epoll.h>`.
    Libc,
    /// `<linux/eventpoll.h>`.
    Kernel,
}

impl Header {
    const fn includes(self) -> &'static str {
        match self {
            Self::Libc => "#define _GNU_SOURCE\n#include <stddef.h>\n#include <sys/epoll.h>\n",
            Self::Kernel => {
                "#include <stddef.h>\n#include <linux/types.h>\n#include <linux/version.h>\n\
                 #include <linux/eventpoll.h>\n"
            }
        }
    }

    /// Names and C expressions; all but those of the constants.
    const fn questions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Libc => &[
                ("size", "sizeof(struct epoll_event)"),
                ("align", "_Alignof(struct epoll_event)"),
                ("events_offset", "offsetof(struct epoll_event, events)"),
                ("events_size", "sizeof(((struct epoll_event *)0)->events)"),
                ("data_offset", "offsetof(struct epoll_event, data)"),
                ("data_size", "sizeof(epoll_data_t)"),
                ("data_align", "_Alignof(epoll_data_t)"),
                ("ptr_offset", "offsetof(epoll_data_t, ptr)"),
                ("fd_offset", "offsetof(epoll_data_t, fd)"),
                ("u32_offset", "offsetof(epoll_data_t, u32)"),
                ("u64_offset", "offsetof(epoll_data_t, u64)"),
                ("libc_version", "LIBC_VERSION"),
            ],
            Self::Kernel => &[
                ("size", "sizeof(struct epoll_event)"),
                ("align", "_Alignof(struct epoll_event)"),
                ("events_offset", "offsetof(struct epoll_event, events)"),
                ("data_offset", "offsetof(struct epoll_event, data)"),
                ("linux_version", "LINUX_VERSION_CODE"),
            ],
        }
    }
}

/// The answers, and the constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// By the names of the questions.
    pub numbers: BTreeMap<String, u32>,
    /// Every object-like macro `EPOLL*` that has a value.
    pub constants: Constants,
}

const PROBE: &str = r#"
#ifdef __GLIBC__
#define LIBC_VERSION (__GLIBC__ << 16 | __GLIBC_MINOR__)
#else
#define LIBC_VERSION 0
#endif
#define DIGIT(value, shift) (char)(((unsigned)(value) >> (shift) & 15) < 10 \
    ? '0' + ((unsigned)(value) >> (shift) & 15) : 'a' - 10 + ((unsigned)(value) >> (shift) & 15))
#define ANSWER(name, value) {"@epshim@", name, {DIGIT(value, 28), DIGIT(value, 24), \
    DIGIT(value, 20), DIGIT(value, 16), DIGIT(value, 12), DIGIT(value, 8), DIGIT(value, 4), DIGIT(value, 0)}}
const struct { char mark[8]; char name[32]; char value[8]; } answers[] = {
"#;
const MARK: &[u8] = b"@epshim@";

impl Compiler {
    /// The compiler of a target, if this machine has it. `cache` is where `install.sh` unpacks musl.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn of(target: &Target, cache: &Path) -> Result<Self, Unmeasured> {
        let command: Vec<_> = target.compiler.split_whitespace().map(str::to_owned).collect();
        let scratch = cache.join("objects");
        let mut compiler = Self { command, libc_flags: vec![], libc_version: None, scratch };
        let mut probe = Command::new(&compiler.command[0]);
        probe.arg("-dumpmachine").stdout(Stdio::null()).stderr(Stdio::null());
        if probe.status().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            let reason = format!("no {}; Debian: {}", compiler.command[0], target.packages);
            return Err(Unmeasured::Missing(reason));
        }
        if !target.musl.is_empty() {
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
        }
        Ok(compiler)
    }

    /// The command line, with the headers of the C library.
    #[must_use]
    pub fn command(&self, header: Header) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).env("LC_ALL", "C");
        if header == Header::Libc {
            command.args(&self.libc_flags);
        }
        command
    }

    /// Both headers of a target.
    ///
    /// # Errors
    ///
    /// A header that is missing, or that does not say what a Linux header must say.
    pub fn measure(&self) -> Result<Measured, Unmeasured> {
        let libc = self.read(Header::Libc)?;
        let kernel = self.read(Header::Kernel)?;
        for member in ["ptr_offset", "fd_offset", "u32_offset", "u64_offset"] {
            if libc.numbers[member] != 0 {
                return Err(broken(format!("{member} of epoll_data_t is not 0")));
            }
        }
        if libc.numbers["events_size"] != 4 {
            return Err(broken("epoll_event.events is not 32 bits wide".into()));
        }
        let glibc = libc.numbers["libc_version"];
        let linux = kernel.numbers["linux_version"];
        let version = || format!("{}.{}", glibc >> 16, glibc & 0xffff);
        Ok(Measured {
            libc_version: self.libc_version.clone().unwrap_or_else(version),
            linux_headers: format!("{}.{}.{}", linux >> 16, linux >> 8 & 0xff, linux & 0xff),
            size: libc.numbers["size"],
            align: libc.numbers["align"],
            events_offset: libc.numbers["events_offset"],
            data_offset: libc.numbers["data_offset"],
            data_size: libc.numbers["data_size"],
            data_align: libc.numbers["data_align"],
            packed: libc.numbers["align"] < libc.numbers["data_align"],
            kernel_size: kernel.numbers["size"],
            kernel_align: kernel.numbers["align"],
            kernel_events_offset: kernel.numbers["events_offset"],
            kernel_data_offset: kernel.numbers["data_offset"],
            constants: libc.constants,
            kernel_constants: kernel.constants,
        })
    }

    /// What one header says.
    ///
    /// # Errors
    ///
    /// A header that is missing, or does not compile.
    pub fn read(&self, header: Header) -> Result<Answers, Unmeasured> {
        let names = self.constants(header)?;
        let mut source = format!("{}{PROBE}", header.includes());
        let constants = names.iter().map(|name| (name.as_str(), name.as_str()));
        for (name, expression) in header.questions().iter().copied().chain(constants) {
            writeln!(source, "ANSWER(\"{name}\", {expression}),").expect("a string takes any text");
        }
        source.push_str("};\n");
        let mut numbers = self.compile(header, &source)?;
        let asked = header.questions().len() + names.len();
        if numbers.len() != asked {
            let found = numbers.len();
            return Err(broken(format!("{asked} questions, {found} answers in the object file")));
        }
        let constants = names.iter().filter_map(|name| numbers.remove_entry(name)).collect();
        Ok(Answers { numbers, constants })
    }

    /// The names of all `EPOLL*` macros that have a value.
    fn constants(&self, header: Header) -> Result<Vec<String>, Unmeasured> {
        let mut command = self.command(header);
        command.args(["-E", "-dM", "-x", "c", "-"]);
        let macros = run(command, header.includes())?;
        let macros = String::from_utf8_lossy(&macros);
        let defined = macros.lines().filter_map(|line| line.strip_prefix("#define "));
        let valued = defined.filter_map(|definition| definition.split_once(' '));
        let names = valued.map(|(name, _)| name);
        // EPOLL_PACKED is an attribute, and names with an argument list are not constants.
        let names = names.filter(|name| name.starts_with("EPOLL") && *name != "EPOLL_PACKED");
        Ok(names.filter(|name| !name.contains('(')).map(str::to_owned).collect())
    }

    fn compile(&self, header: Header, source: &str) -> Result<BTreeMap<String, u32>, Unmeasured> {
        fs::create_dir_all(&self.scratch).map_err(|error| broken(error.to_string()))?;
        let object = scratch_file(&self.scratch);
        let mut command = self.command(header);
        command.args(["-x", "c", "-", "-c", "-o"]).arg(&object);
        let compiled = run(command, source);
        let bytes = fs::read(&object);
        let _ = fs::remove_file(&object);
        compiled?;
        let program = &self.command[0];
        let bytes = bytes.map_err(|error| {
            broken(format!(
                "{program} has ended well and written no object file ({error}): is it a C compiler?"
            ))
        })?;
        let starts = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(MARK));
        Ok(starts.filter_map(|at| answer(bytes.get(at + 8..at + 48)?)).collect())
    }
}

/// A name of its own for each call: threads and processes share the folder.
fn scratch_file(folder: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    folder.join(format!("{}-{}.o", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// 32 bytes of name, 8 hexadecimal digits.
fn answer(bytes: &[u8]) -> Option<(String, u32)> {
    let (name, value) = bytes.split_at(32);
    let name = std::str::from_utf8(name).ok()?.trim_end_matches('\0');
    let value = u32::from_str_radix(std::str::from_utf8(value).ok()?, 16).ok()?;
    Some((name.to_owned(), value))
}

/// Runs a compiler on this source: what it wrote to its output.
pub(crate) fn run(mut command: Command, source: &str) -> Result<Vec<u8>, Unmeasured> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| broken(format!("{command:?}: {error}")))?;
    let program = command.get_program().to_string_lossy();
    let Some(output) =
        patience::output(child, source).map_err(|error| broken(error.to_string()))?
    else {
        return Err(broken(format!(
            "{program} was stopped, for it waited and did nothing: a file that is included may be a pipe (FIFO)"
        )));
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let first = errors.lines().find(|line| line.contains("error:")).unwrap_or("it failed");
    let reason = format!("{program}: {first}");
    let absent = first.contains("No such file") || first.contains("file not found");
    Err(if absent { Unmeasured::Missing(reason) } else { Unmeasured::Broken(reason) })
}

fn broken(reason: String) -> Unmeasured {
    Unmeasured::Broken(reason)
}

/// The path of the one folder in this folder.
pub(crate) fn only_folder(folder: &Path) -> Option<String> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    let entry = entries.next()?;
    entry.path().to_str().map(str::to_owned)
}
