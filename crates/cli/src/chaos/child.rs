//! A process that this command starts and ends, with all that it has started itself: a group of processes.

use super::signals;
use crate::output::shown;
use crate::panicked::Undone;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{self, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks.
pub const LOOK: Duration = Duration::from_millis(4);
/// How long a program may take to end after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(3);

/// A process and its group.
pub struct Child {
    child: process::Child,
    group: Pid,
    ended: Option<ExitStatus>,
    /// Has the group killed.
    killed: Option<Undone>,
}

impl Child {
    /// Starts a command whose output goes to a file. It has no input.
    pub fn start(command: &mut Command, output: &Path) -> io::Result<Self> {
        let out = File::create(output)?;
        let errors = out.try_clone()?;
        command.stdin(Stdio::null()).stdout(out).stderr(errors).process_group(0);
        let child = command.spawn().map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", shown(command.get_program())))
        })?;
        let group = Pid::from_child(&child);
        let killed = Some(Undone::by(move || kill(group)));
        Ok(Self { child, group, ended: None, killed })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its status, when it has ended.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Asks it to end, and ends it, with its group.
    pub fn end(&mut self) -> io::Result<()> {
        if self.ended()?.is_none() {
            let _ = rustix::process::kill_process(self.group, Signal::TERM);
            let asked = Instant::now();
            let mut is_group_asked = false;
            while self.ended()?.is_none()
                && asked.elapsed() < PATIENCE
                && signals::waiting().is_none()
            {
                // A shell hands nothing on, and waits for what it has started.
                if !is_group_asked && asked.elapsed() > PATIENCE / 10 {
                    is_group_asked = true;
                    let _ = kill_process_group(self.group, Signal::TERM);
                }
                thread::sleep(LOOK);
            }
        }
        kill(self.group);
        if self.ended.is_none() {
            self.ended = Some(self.child.wait()?);
        }
        Ok(())
    }
}

/// Ends all of the group at once.
fn kill(group: Pid) {
    // Before it was waited for, its number is no other group's.
    let _ = kill_process_group(group, Signal::KILL);
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.killed.take());
        let _ = self.child.wait();
    }
}

/// How a status reads: the exit code, or the signal.
pub fn code(status: ExitStatus) -> Result<i32, i32> {
    status.code().ok_or_else(|| status.signal().unwrap_or(0))
}
