//! How and where findings are reported: what the options ask for, read once at the start and never
//! changed.

use crate::output::collected::Collected;
use crate::output::destination::Destination;
use crate::output::line::{self, say};
use crate::questions::files::{Unread, read_regular};
use crate::runtime::clock;
use crate::runtime::sandbox::{self, Call};
use epshim_check::Options;
use epshim_check::options::{Color, MAX_SUPPRESSIONS};
use epshim_page::mail::Place;
use epshim_report::dialogue::Program;
use epshim_report::printable;
use epshim_report::{Medium, Suppressions};
use rustix::process::getcwd;
use std::ffi::{CString, c_int};
use std::time::Duration;

/// Lines of a suppressions file that are complained of one by one.
const MAX_COMPLAINTS: usize = 8;

/// The plan.
#[derive(Debug)]
pub struct Plan {
    text: Destination,
    json: Option<Destination>,
    /// Where JSON lines go of which the observer makes documents.
    collected: Option<Collected>,
    /// `None`: names are not wanted, or there is no symbolizer.
    pub symbolizer: Option<CString>,
    pub wants_names: bool,
    pub suppressions: Suppressions,
    pub shows_notes: bool,
    /// Functions of a stack that are shown: a call's own, and its callers.
    pub functions: usize,
    pub halts: bool,
    pub exitcode: u8,
    /// Programs that this one starts are watched too.
    pub traces_children: bool,
    color: Color,
    no_color: bool,
    /// When the program began, and in which folder.
    since: Duration,
    folder: Option<String>,
}

impl Plan {
    /// As the options say; `no_color` is the program's variable `NO_COLOR`.
    pub fn new(options: &Options, collect: Option<&str>, no_color: bool) -> Self {
        let symbolizer = options.symbolizer.as_deref().filter(|_| options.symbolize);
        Self {
            text: Destination::new(options.log_path.as_deref()).held_as(Place::Text),
            json: options
                .json
                .as_deref()
                .map(|path| Destination::new(Some(path)).held_as(Place::Json)),
            collected: collect.and_then(Collected::new),
            symbolizer: symbolizer.and_then(|path| CString::new(path).ok()),
            wants_names: options.symbolize,
            suppressions: suppressions(options),
            shows_notes: options.notes,
            functions: 1 + usize::from(options.stack_depth),
            halts: options.halt_on_error,
            exitcode: options.exitcode,
            traces_children: options.trace_children,
            color: options.color,
            no_color,
            since: clock::since_1970(),
            folder: folder(),
        }
    }

    /// The program, for those who look for its sources.
    pub fn program(&self, pid: u32) -> Program<'_> {
        Program { pid, since: self.since, folder: self.folder.as_deref() }
    }

    /// Writes a part of the report, in both forms.
    /// Returns whether the text was written.
    pub fn put(&self, pid: u32, text: &str, json: &str) -> bool {
        let written = self.text.try_write(pid, text.as_bytes());
        let mut is_written = written.is_ok();
        // Where standard error is not there any more, there is no place left to say so.
        if let (Err(why), false) = (written, matches!(self.text, Destination::Stderr { .. })) {
            say(format_args!("the report cannot be written where log_path says ({why}):"));
            is_written = line::stderr().write(pid, text.as_bytes());
        }
        let written = self.json.as_ref().map(|place| place.try_write(pid, json.as_bytes()));
        if let Some(Err(why)) = written {
            say(format_args!("the report cannot be written where json says ({why})"));
        }
        let collected = self.collected.as_ref().map(|lines| lines.add(pid, json.as_bytes()));
        if let Some(Err(why)) = collected {
            say(format_args!("the documents of --format lack what was found here ({why})"));
        }
        is_written
    }

    /// The descriptor that the text goes to, or the complaint that it cannot: it is this now.
    pub fn descriptor(&self) -> Option<c_int> {
        self.text.number_now().or_else(|| line::stderr().number_now())
    }

    /// The file of JSON lines of this process.
    pub fn json_path(&self, pid: u32) -> Option<String> {
        self.json.as_ref()?.name(pid)
    }

    /// How the text is to look.
    pub fn medium(&self) -> Medium {
        self.text.medium(self.color, self.no_color)
    }
}

/// The folder that the program is in, where its name is text.
fn folder() -> Option<String> {
    let folder = sandbox::may(Call::Files).then(|| getcwd(Vec::with_capacity(256)).ok()).flatten();
    folder?.into_string().ok()
}

/// Those of the file and those of the text.
fn suppressions(options: &Options) -> Suppressions {
    let mut text = options.suppress.clone().unwrap_or_default();
    let path = options.suppressions.as_deref();
    if let Some(file) = path.and_then(read) {
        // The file first: complaints have its line numbers.
        text = file + "\n" + &text;
    }
    let (suppressions, complaints) = Suppressions::parse(&text);
    let name = path.unwrap_or("suppress");
    for complaint in complaints.iter().take(MAX_COMPLAINTS) {
        say(format_args!("suppressions: {name}: {complaint}"));
    }
    if let Some(more) = complaints.len().checked_sub(MAX_COMPLAINTS).filter(|&more| more > 0) {
        say(format_args!("suppressions: {name}: {more} more lines are wrong"));
    }
    suppressions
}

fn read(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let outcome = match CString::new(path) {
        Ok(path) => read_regular(&path, MAX_SUPPRESSIONS, &mut bytes),
        Err(_) => Err(Unread::Failed),
    };
    match outcome {
        Ok(()) => return Some(printable::utf8(&bytes).into_owned()),
        Err(Unread::Failed) => say(format_args!("suppressions: cannot read {path}")),
        Err(Unread::NotRegular) => say(format_args!(
            "suppressions: cannot read {path}: it is no regular file; `epshim check` reads such"
        )),
        Err(Unread::TooLong) => say(format_args!(
            "suppressions: cannot read {path}: it is longer than {} KiB",
            MAX_SUPPRESSIONS >> 10
        )),
    }
    None
}
