//! Where profiles come from: the observer beside a program that runs under `epshim profile`, or the event stream, which a
//! thread empties meanwhile.

use super::socket;
use crate::outside::Outside;
use epshim_profile::{Options, Profile};
use epshim_trace::Refused;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// Where they come from.
pub enum Source {
    /// The observer beside this process.
    Observer(u32),
    /// A thread: each message asks for one.
    Stream { ask: Sender<()>, answers: Receiver<Profile> },
}

/// What can be shown of a process.
pub enum Begun {
    /// Profiles.
    Source(Source),
    /// What looks from outside can tell, for this reason.
    Looks(String),
}

/// The thread answers within a pass.
const PATIENCE: Duration = Duration::from_secs(10);

impl Source {
    /// Of a process that runs. The error: it cannot be watched at all.
    pub fn begin(pid: i32) -> Result<Begun, String> {
        if !Path::new(&format!("/proc/{pid}")).exists() {
            return Err(format!("there is no process {pid}"));
        }
        let asked = socket::ask(pid.unsigned_abs());
        if asked.map_err(|error| unanswered(pid.unsigned_abs(), &error))?.is_some() {
            return Ok(Begun::Source(Self::observer(pid.unsigned_abs())));
        }
        match Self::stream(pid) {
            Ok(source) => Ok(Begun::Source(source)),
            Err(why @ Refused::Process(..)) => Err(why.to_string()),
            Err(why) => Ok(Begun::Looks(format!("it is not under epshim profile, and {why}"))),
        }
    }

    pub const fn observer(pid: u32) -> Self {
        Self::Observer(pid)
    }

    fn stream(pid: i32) -> Result<Self, Refused> {
        let (ask, asked) = channel();
        let (answer, answers) = channel();
        let (begun, has_begun) = channel();
        let run = move || match Outside::of(pid, Options::default()) {
            Ok(outside) => {
                let _ = begun.send(None);
                serve(outside, &asked, &answer);
            }
            Err(why) => drop(begun.send(Some(why))),
        };
        thread::spawn(run);
        match has_begun.recv() {
            Ok(Some(why)) => Err(why),
            // Where the thread has died there are no answers.
            _ => Ok(Self::Stream { ask, answers }),
        }
    }

    /// The profile so far. `None`: there is none yet, or no more.
    pub fn ask(&mut self) -> Result<Option<Profile>, String> {
        match self {
            Self::Observer(pid) => socket::ask(*pid).map_err(|error| unanswered(*pid, &error)),
            Self::Stream { ask, answers } => {
                let _ = ask.send(());
                Ok(answers.recv_timeout(PATIENCE).ok())
            }
        }
    }

    /// What is not known in this way; `None`: all is.
    pub const fn caveat(&self) -> Option<&'static str> {
        match self {
            Self::Observer(_) => None,
            Self::Stream { .. } => Some(
                "from outside, since this began: busy is at least what is said; how late events were is not known",
            ),
        }
    }
}

/// Empties the stream until the process, or who asks, has ended.
fn serve(mut outside: Outside, asked: &Receiver<()>, answer: &Sender<Profile>) {
    use std::sync::mpsc::TryRecvError;
    while outside.pass() {
        match asked.try_recv() {
            Ok(()) => {
                let Some(profile) = outside.so_far() else { return };
                if answer.send(profile).is_err() {
                    return;
                }
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return,
        }
    }
}

fn unanswered(pid: u32, error: &std::io::Error) -> String {
    format!("the observer beside process {pid} does not answer: {error}")
}
