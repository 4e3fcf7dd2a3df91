//! Asks a C compiler what its headers say, without running anything on the target.
//!
//! The questions are compiled into an object file as text (a name, eight hexadecimal digits) and
//! read back from its bytes: that works for every byte order, object format and assembler, and the
//! answers are those of the compiler that a user of the target has. Which constants there are to ask
//! for is read from the header as well, so that a new one cannot pass unseen.

use crate::questions::{MARK, PROBE, VERSION};
use crate::table::Measured;
use crate::{front_end, patience};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fmt, fs, process};

pub use crate::questions::{Answers, Header};

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
    /// Where zig may keep what it has made.
    pub cache: Option<PathBuf>,
    /// Whether the kernel's header is the only one.
    pub kernel_only: bool,
    /// How it gives its answers.
    pub form: Form,
    /// Its name and version, for people.
    pub said_as: String,
}

/// Where a compiler's answers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In an object file.
    Object,
    /// In what clang prints of the source: it has no code generator for the target.
    Tree,
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

impl Compiler {
    /// A compiler that finds the headers of both by itself.
    #[must_use]
    pub fn new(command: Vec<String>, scratch: PathBuf) -> Self {
        let said_as = command.first().cloned().unwrap_or_default();
        Self {
            command,
            libc_flags: Vec::new(),
            libc_version: None,
            scratch,
            cache: None,
            kernel_only: false,
            form: Form::Object,
            said_as,
        }
    }

    /// The command line, with the headers of the C library.
    #[must_use]
    pub fn command(&self, header: Header) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).env("LC_ALL", "C");
        if let Some(cache) = &self.cache {
            command.env("ZIG_GLOBAL_CACHE_DIR", cache).env("ZIG_LOCAL_CACHE_DIR", cache);
        }
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
        let kernel = self.read(Header::Kernel)?;
        let libc = if self.kernel_only { kernel.as_libc() } else { self.read(Header::Libc)? };
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
        let version = || match glibc {
            0 => String::new(),
            glibc => format!("{}.{}", glibc >> 16, glibc & 0xffff),
        };
        Ok(Measured {
            libc_version: self.libc_version.clone().unwrap_or_else(version),
            linux_headers: format!("{}.{}.{}", linux >> 16, linux >> 8 & 0xff, linux & 0xff),
            layout: libc.layout(),
            witnesses: Vec::new(),
            with_flags: Vec::new(),
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
        let mut source = format!("{}{VERSION}", header.includes());
        let constants = names.iter().map(|name| (name.as_str(), name.as_str()));
        let questions = header.questions().iter().copied().chain(constants);
        let mut numbers = match self.form {
            Form::Object => {
                source.push_str(PROBE);
                for (name, expression) in questions {
                    writeln!(source, "ANSWER(\"{name}\", {expression}),")
                        .expect("a string takes any text");
                }
                self.compile(header, &(source + "};\n"))?
            }
            Form::Tree => {
                source.push_str(&front_end::source(questions));
                let mut command = self.command(header);
                command.args(front_end::FLAGS).args(["-x", "c", "-"]);
                front_end::answers(&String::from_utf8_lossy(&run(&mut command, &source)?))
            }
        };
        let asked = header.questions().len() + names.len();
        if numbers.len() != asked {
            let found = numbers.len();
            return Err(broken(format!("{asked} questions, {found} answers")));
        }
        let constants = names.iter().filter_map(|name| numbers.remove_entry(name)).collect();
        Ok(Answers { numbers, constants })
    }

    /// The names of all `EPOLL*` macros that have a value.
    fn constants(&self, header: Header) -> Result<Vec<String>, Unmeasured> {
        let mut command = self.command(header);
        command.args(["-E", "-dM", "-x", "c", "-"]);
        let macros = run(&mut command, header.includes())?;
        let macros = String::from_utf8_lossy(&macros);
        let defined = macros.lines().filter_map(|line| line.strip_prefix("#define "));
        let valued = defined.filter_map(|definition| definition.split_once(' '));
        let names = valued.map(|(name, _)| name);
        // EPOLL_PACKED is an attribute, EPOLL_IOC_TYPE a part of an ioctl's number, and names with an argument
        // list are not constants.
        let is_other = |name: &str| matches!(name, "EPOLL_PACKED" | "EPOLL_IOC_TYPE");
        let names = names.filter(|name| name.starts_with("EPOLL") && !is_other(name));
        Ok(names.filter(|name| !name.contains('(')).map(str::to_owned).collect())
    }

    /// Whether it compiles a source with the C library's headers.
    ///
    /// # Errors
    ///
    /// Its first complaint.
    pub fn accepts(&self, flags: &[OsString], source: &str) -> Result<(), Unmeasured> {
        let mut command = self.command(Header::Libc);
        command.args(flags).args(["-x", "c", "-"]);
        match self.form {
            Form::Tree => run(command.arg("-fsyntax-only"), source).map(drop),
            Form::Object => self.object(command, source).map(drop),
        }
    }

    fn compile(&self, header: Header, source: &str) -> Result<BTreeMap<String, u32>, Unmeasured> {
        let mut command = self.command(header);
        command.args(["-x", "c", "-"]);
        let bytes = self.object(command, source)?;
        let starts = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(MARK));
        Ok(starts.filter_map(|at| answer(bytes.get(at + 8..at + 48)?)).collect())
    }

    /// The bytes of the object file. zig writes one also where it is asked for the syntax alone.
    fn object(&self, mut command: Command, source: &str) -> Result<Vec<u8>, Unmeasured> {
        fs::create_dir_all(&self.scratch).map_err(|error| broken(error.to_string()))?;
        let object = scratch_file(&self.scratch);
        let compiled = run(command.args(["-c", "-o"]).arg(&object), source);
        let bytes = fs::read(&object);
        let _ = fs::remove_file(&object);
        compiled?;
        let program = &self.command[0];
        bytes.map_err(|error| {
            broken(format!(
                "{program} has ended well and written no object file ({error}): is it a C compiler?"
            ))
        })
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
fn run(command: &mut Command, source: &str) -> Result<Vec<u8>, Unmeasured> {
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
