//! How and where findings are reported: what the options ask for, read once at the start and never
//! changed.

use crate::output::destination::Destination;
use crate::output::line::say;
use crate::questions::files::read_file;
use epshim_check::Options;
use epshim_check::options::Color;
use epshim_check::report::Suppressions;
use std::ffi::CString;

/// The plan.
#[derive(Debug)]
pub struct Plan {
    text: Destination,
    json: Option<Destination>,
    /// `None`: names are not wanted, or there is no symbolizer.
    pub symbolizer: Option<CString>,
    pub wants_names: bool,
    pub suppressions: Suppressions,
    pub shows_notes: bool,
    pub halts: bool,
    pub exitcode: u8,
    color: Color,
    no_color: bool,
}

impl Plan {
    /// As the options say; `no_color` is the program's variable `NO_COLOR`.
    pub fn new(options: &Options, no_color: bool) -> Self {
        let symbolizer = options.symbolizer.as_deref().filter(|_| options.symbolize);
        Self {
            text: Destination::new(options.log_path.as_deref()),
            json: options.json.as_deref().map(|path| Destination::new(Some(path))),
            symbolizer: symbolizer.and_then(|path| CString::new(path).ok()),
            wants_names: options.symbolize,
            suppressions: options.suppressions.as_deref().map(suppressions).unwrap_or_default(),
            shows_notes: options.notes,
            halts: options.halt_on_error,
            exitcode: options.exitcode,
            color: options.color,
            no_color,
        }
    }

    /// Writes a part of the report, in both forms.
    pub fn put(&self, pid: u32, text: &str, json: &str) {
        // Where standard error is not there any more, there is no place left to say so.
        if !self.text.write(pid, text.as_bytes()) && matches!(self.text, Destination::File(_)) {
            say(format_args!("the report cannot be written where log_path says:"));
            Destination::new(None).write(pid, text.as_bytes());
        }
        if self.json.as_ref().is_some_and(|file| !file.write(pid, json.as_bytes())) {
            say(format_args!("the report cannot be written where json says"));
        }
    }

    /// Whether the text is to be coloured.
    pub fn colour(&self) -> bool {
        self.text.wants_colour(self.color, self.no_color)
    }
}

fn suppressions(path: &str) -> Suppressions {
    let mut bytes = Vec::new();
    let is_read = CString::new(path).is_ok_and(|path| read_file(&path, &mut bytes));
    if !is_read {
        say(format_args!("suppressions: cannot read {path}"));
    }
    let (suppressions, complaints) = Suppressions::parse(&String::from_utf8_lossy(&bytes));
    for complaint in complaints {
        say(format_args!("suppressions: {path}: {complaint}"));
    }
    suppressions
}
