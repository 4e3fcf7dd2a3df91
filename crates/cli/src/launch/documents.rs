//! `--format` and `--gen-suppressions`: the documents that the observer writes, looked at before the program
//! starts; and `--baseline`, the findings of an earlier run that do not count.
//!
//! `text` and `json` are other names of `--log` and `--json`. The rest are made by the observer, out of the JSON
//! lines that the library hands to it: so where there is no observer, they are refused with the reason.

use super::environment::{absolute, page_around};
use super::failure::Failure;
use crate::args::{CheckOptions, Form};
use crate::input;
use crate::observer::Observer;
use crate::observer::documents::{Document, Documents, Form as Made};
use crate::output::shown;
use epshim_check::Options;
use epshim_check::options::expand;
use epshim_formats::Run;
use epshim_report::printable;
use epshim_report::read::{Line, lines};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Bytes of the JSON lines of an earlier run.
const MAX_BASELINE: u64 = 16 << 20;
/// Bytes of the suppressions that they become: one variable of the environment has room for 128 KiB.
const MAX_TEXT: usize = 48 << 10;

/// Sets what `text=FILE` and `json=FILE` mean.
pub fn apply(options: &mut Options, asked: &CheckOptions) -> Result<(), Failure> {
    for format in &asked.format {
        let (name, short, place) = match format.form {
            Form::Text => ("text", asked.log.is_some(), &mut options.log_path),
            Form::Json => ("json", asked.json.is_some(), &mut options.json),
            _ => continue,
        };
        let Some(file) = &format.file else { continue };
        if short || asked.format.iter().filter(|one| one.form == format.form).count() > 1 {
            return Err(Failure::own(format!("--format {name}: it goes to one place")));
        }
        *place = Some(absolute(file)?);
    }
    asked.baseline.as_deref().map_or(Ok(()), |file| baseline(options, file))
}

/// The documents that the observer is to write; each is there, and empty, before the program starts.
pub fn prepare(options: &Options, asked: &CheckOptions) -> Result<Option<Documents>, Failure> {
    let pid = std::process::id();
    let mut documents = Vec::new();
    let wanted = asked.format.iter().filter_map(|format| {
        let made = match format.form {
            Form::Sarif => Made::Sarif,
            Form::Junit => Made::Junit,
            Form::Github => Made::Github,
            Form::Text | Form::Json => return None,
        };
        Some((made, format.file.as_deref()))
    });
    let silence = asked.gen_suppressions.as_deref().map(|file| (Made::Silence, Some(file)));
    for (form, file) in wanted.chain(silence) {
        let path = file.map(|file| absolute(file).map(|path| expand(&path, pid))).transpose()?;
        documents.push(Document { form, path: path.map(PathBuf::from) });
    }
    if documents.is_empty() {
        return Ok(None);
    }
    let printed = || "the environment is only printed".to_owned();
    let why = asked.launch.print_env.then(printed);
    let why = why
        .or_else(|| Observer::cannot_be(options))
        .or_else(|| page_around().map(|_| "an `epshim check` around this one has it".to_owned()));
    if let Some(why) = why {
        return Err(Failure::own(format!(
            "the documents of --format and --gen-suppressions are written by the observer, and there is none: {why}"
        )));
    }
    let watched = ["--pid".to_owned(), asked.pid.join(",")];
    let command: Vec<String> = match asked.pid.is_empty() {
        true => asked.launch.command.iter().map(|it| it.to_string_lossy().into_owned()).collect(),
        false => watched.into(),
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let run = Run { command, root: root(), pid, version, ..Run::default() };
    Documents::begin(documents, run).map(Some).map_err(Failure::own)
}

/// The folder of the repository that this is, else this folder.
fn root() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let is_root = |folder: &&Path| folder.join(".git").exists();
    here.ancestors().find(is_root).unwrap_or(&here).to_owned()
}

/// What an earlier run has found is suppressed.
fn baseline(options: &mut Options, path: &Path) -> Result<(), Failure> {
    let bad = |what: String| Failure::own(format!("--baseline {}: {what}", shown(path)));
    let text = File::open(path).and_then(|file| input::text(file, MAX_BASELINE));
    let text = text.map_err(|error| bad(error.to_string()))?;
    let text = printable::utf8(&text);
    let read: Vec<Line> = lines(&text).collect();
    if read.is_empty() {
        return Err(bad("it has no line that `epshim check --json` wrote".to_owned()));
    }
    let mut known = options.suppress.take().unwrap_or_default();
    for line in read {
        let Line::Finding(finding) = line else { continue };
        if !known.lines().any(|line| line == finding.suppression) {
            known +=
                &format!("{}{}", if known.is_empty() { "" } else { "\n" }, finding.suppression);
        }
    }
    if known.len() > MAX_TEXT {
        return Err(bad(format!("its suppressions have more than {} KiB", MAX_TEXT >> 10)));
    }
    options.suppress = Some(known).filter(|known| !known.is_empty());
    Ok(())
}
