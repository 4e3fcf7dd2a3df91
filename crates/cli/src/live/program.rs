//! The program of `epshim profile --live`: a child of this process, which has the terminal.
//!
//! Where the program's output is the terminal it is given a pseudo-terminal instead, so that it sees one still. What it
//! writes is kept while the view is shown, and comes to the terminal when that is left. Where its input is the terminal
//! it has none: the keys are the view's.
//!
//! Surprising: it is started as `epshim profile` without `--live`, so that it is watched exactly as without a view.

use crate::args::ProfileOptions;
use crate::inherited;
use crate::launch::{self, Failure};
use crate::terminal;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    OptionalActions, OutputModes, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize,
};
use signal_hook::low_level::emulate_default_handler;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// The latest of its output that is kept while the view is shown.
const MOST: usize = 256 << 10;

/// A program, and what it writes.
pub struct Program {
    child: Child,
    status: Option<ExitStatus>,
    output: Arc<Mutex<Kept>>,
    reader: JoinHandle<()>,
}

/// Output that waits for the terminal.
#[derive(Default)]
struct Kept {
    bytes: VecDeque<u8>,
    left_out: u64,
    /// It goes to the terminal at once.
    passes: bool,
}

impl Program {
    /// Starts it.
    pub fn start(options: &ProfileOptions) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::own(format!("a pseudo-terminal: {error}"));
        let (keeper, end) = pseudo_terminal().map_err(failed)?;
        let own = std::env::current_exe().map_err(|error| Failure::own(error.to_string()))?;
        let mut command = Command::new(own);
        command.args(arguments(options)).stdin(Stdio::null());
        command.stdout(end.try_clone().map_err(failed)?);
        if io::stderr().is_terminal() && !inherited::was_closed(2) {
            command.stderr(end);
        }
        launch::unchanged(&mut command);
        let child = command.spawn().map_err(|error| Failure::own(error.to_string()))?;
        drop(command);
        let output = Arc::new(Mutex::new(Kept::default()));
        let kept = Arc::clone(&output);
        let reader = thread::spawn(move || keep(&mut File::from(keeper), &kept));
        Ok(Self { child, status: None, output, reader })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    /// Sends it a signal. It was not waited for, so that its id is its own.
    pub fn signal(&self, signal: i32) {
        let pid = Pid::from_child(&self.child);
        if let Some(signal) = Signal::from_named_raw(signal) {
            let _ = kill_process(pid, signal);
        }
    }

    /// The view is left: its output comes to the terminal, and this process ends as it does.
    pub fn finish(mut self) -> Result<u8, Failure> {
        {
            let mut kept = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            kept.passes = true;
            if kept.left_out > 0 {
                let left_out = kept.left_out;
                crate::output::complain(&format!(
                    "{left_out} bytes of the program's output are left out"
                ));
            }
            let bytes: Vec<u8> = std::mem::take(&mut kept.bytes).into();
            write(&bytes);
        }
        let status = match self.status {
            Some(status) => status,
            None => self.wait().map_err(|error| Failure::own(error.to_string()))?,
        };
        // Until the observer beside it has said all.
        let _ = self.reader.join();
        match status.signal() {
            None => Ok(status.code().unwrap_or(Failure::OWN.into()) as u8),
            Some(signal) => {
                // As the program did: this process ends here.
                let _ = emulate_default_handler(signal);
                Ok(128_u8.saturating_add(signal as u8))
            }
        }
    }

    /// A signal for this process is the program's; Ctrl-C the terminal has sent to both.
    fn wait(&mut self) -> io::Result<ExitStatus> {
        let interrupts = crate::interrupts::Interrupts::begin()?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if let Some(signal) = interrupts.take().filter(|&signal| signal != libc::SIGINT) {
                self.signal(signal);
            }
            thread::sleep(terminal::LOOK);
        }
    }
}

/// The same command without `--live`.
fn arguments(options: &ProfileOptions) -> Vec<OsString> {
    let all: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (own, command) = all.split_at(all.len() - options.command.len());
    let mut arguments: Vec<_> = own.iter().filter(|word| *word != "--live").cloned().collect();
    if arguments.last().is_none_or(|last| last != "--") {
        arguments.push("--".into());
    }
    arguments.extend_from_slice(command);
    arguments
}

/// The side that is read here, and the program's, which has the size of the terminal and changes no byte.
fn pseudo_terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let keeper = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&keeper)?;
    unlockpt(&keeper)?;
    let name = ptsname(&keeper, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let end = rustix::fs::open(name.as_c_str(), flags, Mode::empty())?;
    let mut modes = tcgetattr(&end)?;
    modes.output_modes.remove(OutputModes::OPOST);
    tcsetattr(&end, OptionalActions::Now, &modes)?;
    if let Ok(size) = tcgetwinsize(io::stdout()) {
        tcsetwinsize(&end, size)?;
    }
    Ok((keeper, end))
}

/// Until the program, and who it has left it to, have closed their side (EIO).
fn keep(from: &mut File, to: &Mutex<Kept>) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let mut kept = to.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.passes {
            write(&bytes[..length]);
            continue;
        }
        kept.bytes.extend(&bytes[..length]);
        let more = kept.bytes.len().saturating_sub(MOST);
        kept.bytes.drain(..more);
        kept.left_out += more as u64;
    }
}

fn write(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    // Nothing can be done about a closed one.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}
