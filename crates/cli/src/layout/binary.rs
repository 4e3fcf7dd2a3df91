//! `--binary`: what compiled programs have, held against the golden table.
//!
//! A file has an answer if something in it is certain: equal if all of that is right, different if some is wrong.
//! Otherwise it has none, and a reason. A file that the user has named must have an answer; of those that were
//! found in a folder one must. What is wrong in any of them is the answer of all.

mod answer;
mod files;
mod words;

use super::names;
use crate::args::LayoutOptions;
use crate::output::{Output, shown};
use answer::{Answer, Verdict};
use epshim_layouts::Table;
use epshim_layouts::compiled::{self, Question, Refusal};
use files::File;
use indicatif::{ProgressBar, ProgressStyle};

/// The answer for all files, or why there is none.
pub fn judge(table: &Table, options: &LayoutOptions) -> Result<Output, String> {
    let row = options.target.as_deref().map(|name| names::find(table, name)).transpose()?;
    if options.debug_file.is_some() && options.binary.len() != 1 {
        return Err("--debug-file is for one file".to_owned());
    }
    let question = Question {
        types: &options.types,
        debug_file: options.debug_file.as_deref(),
        row,
        host: names::host(table).ok(),
    };
    let (files, unreadable) = files::all(&options.binary, options.recursive);
    let bar = ProgressBar::new(files.len() as u64);
    // It is drawn only where standard error is a terminal.
    if options.recursive {
        let style = "{bar:30} {pos}/{len} {wide_msg}";
        bar.set_style(ProgressStyle::with_template(style).expect("it is well-formed"));
    } else {
        bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
    let mut answers = Vec::new();
    for file in files {
        bar.set_message(shown(&file.path));
        let judged = compiled::judge(table, &file.path, &question);
        bar.inc(1);
        // Among others, what is no ELF file is not meant.
        if file.is_named || !matches!(judged, Err(Refusal::NotElf(_))) {
            answers.push(Answer::new(file, judged, options.strict));
        }
    }
    bar.finish_and_clear();
    Ok(output(&answers, unreadable, options))
}

fn output(answers: &[Answer], unreadable: Vec<String>, options: &LayoutOptions) -> Output {
    let is = |verdict| move |answer: &&Answer| answer.verdict == verdict;
    let equal = !answers.iter().any(|answer| answer.verdict == Verdict::Different);
    let judged = answers.iter().filter(|answer| answer.verdict != Verdict::None).count();
    let silent = answers.iter().filter(is(Verdict::None));
    let mut unanswered = unreadable;
    unanswered.extend(silent.filter(|answer| answer.file.is_named).map(Answer::complaint));
    if judged == 0 && unanswered.is_empty() {
        let count = answers.len();
        unanswered.push(format!("ELF files found: {count}; none of them could be judged"));
    }
    let mut output = if options.json {
        let equal =
            if equal && unanswered.is_empty() { Some(true) } else { (!equal).then_some(false) };
        Output::json(&serde_json::json!({ "files": answers, "equal": equal }), true)
    } else {
        Output::text(words::all(answers), true)
    };
    output.equal = equal;
    output.unanswered = unanswered;
    output
}

impl Answer {
    /// Why a file has no answer.
    fn complaint(&self) -> String {
        let File { path, .. } = &self.file;
        format!("{} {}", shown(path), self.reason.as_deref().unwrap_or_default())
    }
}
