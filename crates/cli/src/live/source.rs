//! Where profiles come from: the observer beside a program that runs under `epshim profile`.

use super::socket;
use epshim_profile::Profile;
use std::path::Path;

/// Where they come from.
pub enum Source {
    /// The observer beside this process.
    Observer(u32),
}

/// What can be shown of a process.
pub enum Begun {
    /// Profiles.
    Source(Source),
    /// What looks from outside can tell, for this reason.
    Looks(String),
}

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
        Ok(Begun::Looks("it does not run under epshim profile".to_owned()))
    }

    pub const fn observer(pid: u32) -> Self {
        Self::Observer(pid)
    }

    /// The profile so far. `None`: there is none yet, or no more.
    pub fn ask(&mut self) -> Result<Option<Profile>, String> {
        match self {
            Self::Observer(pid) => socket::ask(*pid).map_err(|error| unanswered(*pid, &error)),
        }
    }

    /// What is not known in this way; `None`: all is.
    pub const fn caveat(&self) -> Option<&'static str> {
        match self {
            Self::Observer(_) => None,
        }
    }
}

fn unanswered(pid: u32, error: &std::io::Error) -> String {
    format!("the observer beside process {pid} does not answer: {error}")
}
