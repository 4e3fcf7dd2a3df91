//! `epshim inspect`: what is wrong with the event loops of processes that run.
//!
//! `crates/attach` looks and judges; here the processes are found (`targets.rs`), the stacks of blocked threads get
//! names (`stacks.rs`), and the answer is set as text (`text.rs`, `table.rs`) or JSON (`json.rs`), or drawn again and
//! again (`watch.rs`).

mod all;
mod glance;
mod inspection;
mod json;
mod lines;
mod metrics;
mod stacks;
mod table;
pub mod targets;
mod text;
mod watch;
mod words;

use crate::args::{InspectOptions, TopOptions};
use crate::output::{Output, complain};
use epshim_attach::gather::Round;
use inspection::Inspection;

pub use glance::{Glance, Spinner, glance};

/// Looks at what was asked for.
pub fn answer(options: &InspectOptions) -> Result<Output, String> {
    refuse_untried_machines()?;
    if options.watch {
        return watch::watch(options, None);
    }
    if options.all {
        return all::answer(options);
    }
    let found = targets::find(&options.targets)?;
    let (inspections, unanswered) = inspection::inspect(&found, options, || Round::of(found.len()));
    if inspections.is_empty() && unanswered.len() == 1 {
        return Err(unanswered.into_iter().next().expect("there is one"));
    }
    let is_found = inspections.iter().any(Inspection::has_findings);
    let each = inspections.iter().map(|inspection| {
        if options.json { json::line(inspection) } else { text::of(inspection, options.verbose) }
    });
    let between = if options.json { "" } else { "\n" };
    let text = each.collect::<Vec<_>>().join(between);
    Ok(Output { text, equal: !is_found, unanswered })
}

/// `epshim top` of a process that has no profile, for this reason: what looks can tell.
pub fn instead_of_top(pid: i32, why: &str, top: &TopOptions) -> Result<Output, String> {
    let line = format!("process {pid}: {why}; this is what looks from outside tell");
    let options = InspectOptions {
        targets: vec![pid.to_string()],
        all: false,
        watch: !top.once,
        interval: top.interval,
        verbose: false,
        json: false,
        openmetrics: false,
        redact: false,
        copies: false,
    };
    refuse_untried_machines()?;
    let answer = if top.once {
        complain(&line);
        answer(&options)
    } else {
        watch::watch(&options, Some(&line))
    };
    // Whatever was found, it was shown.
    answer.map(|output| Output { equal: true, ..output })
}

/// Its verdicts were held against programs on x86-64 alone.
fn refuse_untried_machines() -> Result<(), String> {
    if cfg!(target_arch = "x86_64") || std::env::var_os("EPSHIM_UNTRIED").is_some() {
        return Ok(());
    }
    Err(format!(
        "inspect was not tried on {} yet, and could name what is not there. EPSHIM_UNTRIED=1 in the environment \
         has it look all the same.",
        std::env::consts::ARCH
    ))
}
