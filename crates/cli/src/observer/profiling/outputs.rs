//! Where a profile goes. The files are opened, and emptied, before the program runs: what cannot be written is said
//! then. They are locked until the profile is in them, so that a reader can wait for it.

use crate::inherited;
use crate::observer::recording;
use crate::output::{complain, shown};
use crate::profiles::Wanted;
use crate::report_path;
use epshim_check::options::expand;
use epshim_profile::{Profile, text, trace};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::sync::Arc;

/// Where it goes.
#[derive(Debug)]
pub struct Outputs {
    /// A copy of standard error; `None`: it was closed.
    text: Option<Arc<OwnedFd>>,
    json: Option<File>,
    trace: Option<File>,
}

impl Outputs {
    pub fn open(wanted: &Wanted, pid: u32) -> Result<Self, String> {
        let open = |option: &str, path: &Option<String>| {
            let Some(path) = path else { return Ok(None) };
            let file = report_path::find(&expand(path, pid))
                .and_then(|path| recording::open(&path).map_err(|error| error.to_string()));
            file.map(Some).map_err(|why| format!("{option} {}: {why}", shown(path)))
        };
        let text = (!inherited::was_closed(2)).then(|| inherited::copy(2)).flatten();
        let (json, trace) = (open("--json", &wanted.json)?, open("--trace", &wanted.trace)?);
        Ok(Self { text: text.map(Arc::new), json, trace })
    }

    pub fn numbers(&self) -> impl Iterator<Item = RawFd> {
        let text = self.text.as_ref().map(|file| file.as_raw_fd());
        let files =
            [&self.json, &self.trace].map(|file| file.as_ref().map(|file| file.as_raw_fd()));
        [text].into_iter().chain(files).flatten()
    }

    /// Where lines of standard error go.
    pub fn complain_to(&self) -> Option<Arc<OwnedFd>> {
        self.text.clone()
    }

    pub fn write(&self, profile: &Profile) {
        let pid = profile.program.pid;
        let mut lines: Vec<String> = text::lines(profile);
        lines[0] = format!("epshim {}", lines[0]);
        for (option, outcome) in [
            ("--json", self.json.as_ref().map(|file| write_json(file, profile))),
            ("--trace", self.trace.as_ref().map(|file| write_trace(file, profile))),
        ] {
            if let Some(Err(error)) = outcome {
                lines.push(format!("epshim: {option}: {error}"));
            }
        }
        say(self.text.as_deref(), pid, &lines);
    }
}

/// Writes lines of the program's standard error, with its id before each.
pub fn say(to: Option<&OwnedFd>, pid: i32, lines: &[String]) {
    let text: String = lines.iter().map(|line| format!("=={pid}== {}\n", shown(line))).collect();
    match to {
        // Nothing can be done where that fails.
        Some(to) => drop(epshim_append::all(to, text.as_bytes(), false)),
        None => complain("the profile's text has no place: standard error is closed"),
    }
}

fn write_json(file: &File, profile: &Profile) -> io::Result<()> {
    let mut to = BufWriter::new(file);
    serde_json::to_writer(&mut to, profile)?;
    to.write_all(b"\n")?;
    to.flush()
}

fn write_trace(file: &File, profile: &Profile) -> io::Result<()> {
    let mut to = BufWriter::new(file);
    trace::write(profile, &mut to)?;
    to.flush()
}
