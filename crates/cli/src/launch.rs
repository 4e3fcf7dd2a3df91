//! `epshim check` and `epshim run`: this process becomes the program, with the preload library in it.
//!
//! `target.rs` finds the program and refuses one that the library cannot be loaded into, `library.rs` finds
//! the library, `documents.rs` the documents of `--format`, `environment.rs` writes the two variables, with what `suppressions.rs` has read and
//! `destination.rs` has looked at, `greeting.rs` says that the program is watched, `unchanged.rs` keeps signals and
//! descriptors as they were. Where `room.rs` finds that the library does not fit, the program runs without it.
//! Nothing else is changed, and nothing of this process is left: exec, not fork.

mod cache;
mod destination;
mod documents;
mod elf;
mod embedded;
mod environment;
mod failure;
mod greeting;
mod library;
#[allow(unsafe_code)] // between std's preparations and the exec
mod room;
mod suppressions;
mod target;
#[allow(unsafe_code)] // between std's preparations and the exec
mod unchanged;

use crate::args::{CheckOptions, Format, Launch, ProfileOptions, RunOptions};
use crate::observer::documents::Documents;
use crate::observer::{Held, Observer, Record};
use crate::output::{self, shown};
use crate::profiles::{Wanted, forms};
use environment::LIBRARY;
use epshim_check::options::Mode;
use epshim_check::{Options, Rule};
use epshim_formats::Run;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use environment::absolute;
pub use failure::Failure;
pub use target::any as path_of;
pub use unchanged::keep as unchanged;

/// The environment that the program would have, where it is printed instead.
#[derive(Debug)]
pub struct Printed(pub String);

/// Refuses what has a meaning only with `--pid`.
pub fn goes_without_pid(options: &CheckOptions) -> Result<(), Failure> {
    if options.time.is_some() {
        return Err(Failure::own(
            "--for says how long to watch what --pid names: a program is watched to its end",
        ));
    }
    if options.children {
        return Err(Failure::own(
            "--children goes with --pid: what a program that is started starts is --trace-children",
        ));
    }
    Ok(())
}

/// Runs a program with the checker.
pub fn check(options: &CheckOptions) -> Result<Printed, Failure> {
    goes_without_pid(options)?;
    let mut wanted = environment::inherited(Mode::Check)?;
    environment::apply(&mut wanted, options)?;
    documents::apply(&mut wanted, options)?;
    let mut held = Held::default();
    let documents = documents::prepare(&wanted, options)?;
    if !options.launch.print_env {
        held = destination::prepare(&mut wanted, options, std::process::id())?;
    }
    let is_file = |format: &Format| format.file.is_some();
    let has_own_files =
        options.log.is_some() || options.json.is_some() || options.format.iter().any(is_file);
    let record =
        options.record.as_deref().map(environment::absolute).transpose()?.map(Record::File);
    let check = Check { greets: !options.quiet, has_own_files, held, documents, record };
    start(wanted, &options.launch, Some(check))
}

/// What the options of `check` say of a report where no program is run: where it goes, and what of it is wanted.
pub fn report_of(options: &CheckOptions) -> Result<(Options, Held, Option<Documents>), Failure> {
    let mut wanted = environment::inherited(Mode::Check)?;
    environment::apply(&mut wanted, options)?;
    documents::apply(&mut wanted, options)?;
    let documents = documents::prepare(&wanted, options)?;
    let held = destination::prepare(&mut wanted, options, std::process::id())?;
    Ok((wanted, held, documents))
}

/// What `check` has more than `run`.
struct Check {
    greets: bool,
    /// Its files are not those of an `epshim check` around this one.
    has_own_files: bool,
    held: Held,
    documents: Option<Documents>,
    /// What is made of what the threads record.
    record: Option<Record>,
}

/// Runs a program, and profiles it.
pub fn profile(options: &ProfileOptions) -> Result<Printed, Failure> {
    let mut wanted = environment::inherited(Mode::Check)?;
    let collects = options.check;
    if !options.check {
        // The library watches, and has nothing to say.
        wanted.except = Rule::ALL.into_iter().collect();
        wanted.only.clear();
        (wanted.log_path, wanted.json) = (Some("/dev/null".to_owned()), None);
        (wanted.exitcode, wanted.halt_on_error) = (0, false);
        // Loops are looked at.
        wanted.stall = Options::default().stall;
    }
    let mut files = [const { None }; forms::COUNT];
    for (place, path) in files.iter_mut().zip(options.files()) {
        *place = path.map(|path| environment::absolute(path)).transpose()?;
    }
    let asked =
        Wanted { slow: options.slow, keep: options.keep, files, redacts: options.redact_peers };
    let shown = |word: &OsString| word.to_string_lossy().into_owned();
    let record = Some(Record::Profile(asked, options.command.iter().map(shown).collect()));
    let documents = collects.then(|| Documents::begin(Vec::new(), Run::default())).transpose();
    let documents = documents.map_err(Failure::own)?;
    let held = Held::default();
    let check = Check { greets: false, has_own_files: true, held, documents, record };
    start(wanted, &options.launch(), Some(check))
}

/// Runs a program with the library, transparently.
pub fn run(options: &RunOptions) -> Result<Printed, Failure> {
    start(environment::inherited(Mode::Transparent)?, &options.launch, None)
}

fn start(mut wanted: Options, launch: &Launch, check: Option<Check>) -> Result<Printed, Failure> {
    if let Some(trace) = launch.trace_children {
        wanted.trace_children = trace;
    }
    let program = launch.command.first().map(|name| target::find(name)).transpose()?;
    let library = library::find(program.as_ref())?;
    let sanitizers = program.as_ref().map_or(&[][..], |program| &program.elf.sanitizers);
    // Printed, the environment is for a process that does not exist yet and whose id is not known: its
    // children are then checked too.
    let process = (!launch.print_env).then(std::process::id);
    if let (Some(program), false) = (&program, launch.print_env) {
        let preload = environment::preloaded(&library.path, sanitizers);
        if let Err(room::None { limit }) = room::beside(program, &preload) {
            let name = &launch.command[0];
            output::complain(&unwatched(name, limit));
            let mut command = Command::new(&program.path);
            command.arg0(name).args(&launch.command[1..]);
            environment::leave_out(&mut command);
            return become_the(command, name);
        }
    }
    let observer = check.filter(|_| !launch.print_env).map(|check| {
        let around = environment::page_around();
        let (held, documents) = (check.held, check.documents);
        let (around, record) = (around.as_deref(), check.record);
        let observer =
            Observer::begin(&wanted, around, check.has_own_files, held, documents, record);
        observer.map(|observer| (observer, check.greets)).map_err(Failure::own)
    });
    let observer = observer.transpose()?;
    let beside = observer.as_ref().map(|(observer, _)| observer.options()).unwrap_or_default();
    let variables = environment::variables(&wanted, &library.path, sanitizers, process, &beside);
    if launch.print_env {
        return Ok(Printed(environment::printed(&variables)));
    }
    let program = program.expect("clap requires a command");
    let name = &launch.command[0];
    let mut command = Command::new(&program.path);
    command.arg0(name).args(&launch.command[1..]).envs(variables);
    if let Some((observer, true)) = &observer {
        greeting::say(name, &wanted, observer);
    }
    let failure = become_the(command, name);
    if let Some((observer, _)) = &observer {
        observer.give_up();
    }
    failure
}

/// A program that is run again and again, with other options each time (`epshim chaos`).
pub struct Prepared {
    /// What is executed.
    pub program: PathBuf,
    command: Vec<OsString>,
    library: PathBuf,
    sanitizers: Vec<OsString>,
    /// What the environment asks for.
    pub options: Options,
}

/// Finds a program and the library for it. One that would run without the library is refused.
pub fn prepare(command: &[OsString]) -> Result<Prepared, Failure> {
    let program = target::find(command.first().expect("clap requires a command"))?;
    let library = library::find(Some(&program))?;
    let options = environment::inherited(Mode::Chaos)?;
    Ok(Prepared {
        program: program.path,
        command: command.to_vec(),
        library: library.path,
        sanitizers: program.elf.sanitizers,
        options,
    })
}

impl Prepared {
    /// The command, with these options and more that are the library's alone.
    pub fn command(&self, options: &Options, more: &str) -> Command {
        let variables =
            environment::variables(options, &self.library, &self.sanitizers, None, more);
        let mut command = Command::new(&self.program);
        command.arg0(&self.command[0]).args(&self.command[1..]).envs(variables);
        command
    }
}

/// Why nothing will be found. Without a word its user would take it for a program in which nothing is wrong.
fn unwatched(name: &OsStr, limit: u64) -> String {
    let (name, limit) = (shown(name), limit / 1024);
    format!(
        "{name} runs unwatched: an address space of {limit} KiB (RLIMIT_AS, ulimit -v) has no room for \
         {LIBRARY} beside it. Raise that limit."
    )
}

/// This process becomes a command, whose program was found here, with its environment as it is; it returns where it cannot.
pub fn become_program(path: &Path, command: &[OsString]) -> Result<Printed, Failure> {
    let mut program = Command::new(path);
    program.arg0(&command[0]).args(&command[1..]);
    become_the(program, &command[0])
}

/// This process becomes the program; it returns where it cannot.
fn become_the(mut command: Command, name: &OsStr) -> Result<Printed, Failure> {
    unchanged::keep(&mut command);
    let error = command.exec();
    let reason = format!("cannot run {}: {error}", shown(name));
    Err(match error.kind() {
        ErrorKind::NotFound => Failure::not_found(reason),
        _ => Failure::cannot_invoke(reason),
    })
}
