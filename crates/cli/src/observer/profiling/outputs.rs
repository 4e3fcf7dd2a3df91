//! Where a profile goes. The files are opened, and emptied, before the program runs: what cannot be written is said
//! then. They are locked until the profile is in them, so that a reader can wait for it.

use crate::inherited;
use crate::observer::recording;
use crate::output::{complain, shown};
use crate::profiles::Wanted;
use crate::profiles::forms::FORMS;
use crate::report_path;
use epshim_check::options::expand;
use epshim_profile::{Profile, text};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::sync::Arc;

/// Where it goes.
#[derive(Debug)]
pub struct Outputs {
    /// A copy of standard error; `None`: it was closed.
    text: Option<Arc<OwnedFd>>,
    /// In the order of [`FORMS`].
    files: Vec<Option<File>>,
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
        let files = FORMS.iter().zip(&wanted.files);
        let files =
            files.map(|((option, _), path)| open(option, path)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.map(Arc::new), files })
    }

    pub fn numbers(&self) -> impl Iterator<Item = RawFd> {
        let text = self.text.as_ref().map(|file| file.as_raw_fd());
        let files = self.files.iter().map(|file| file.as_ref().map(|file| file.as_raw_fd()));
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
        for ((option, write), file) in FORMS.iter().zip(&self.files) {
            let Some(file) = file else { continue };
            let mut to = BufWriter::new(file);
            if let Err(error) = write(profile, &mut to).and_then(|()| to.flush()) {
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
