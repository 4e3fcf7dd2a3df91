//! The start: what the options ask for is prepared, and then the hooks begin to report calls.
//!
//! Called once, by the library's constructor, before the program's own code runs. In this order: what
//! a wing prepares, the later ones use. A program that is not to be checked costs the parsing of its
//! options.

use crate::books::{family, model, stacks};
use crate::life::options::Options;
use crate::output::destination::Destination;
use crate::output::{line, report};
use crate::questions::{fd_table, side_process};
use crate::runtime::{failure, monitor_thread, pages, process, watched};
use epshim_check::options::Mode;

/// Starts what the text of `EPSHIM_OPTIONS` asks for. `no_color`: the program's variable `NO_COLOR`
/// is set.
pub fn start(text: &str, no_color: bool) {
    let options = Options::parse(text);
    pages::refuse_from(options.fail_alloc_after.unwrap_or(0));
    process::prepare();
    if !options.is_watching(process::id()) {
        return;
    }
    fd_table::prepare();
    greet(&options);
    if options.check.mode != Mode::Check {
        return;
    }
    monitor_thread::prepare();
    family::prepare();
    line::prepare();
    side_process::prepare();
    failure::prepare(report::FAILED, model::release);
    failure::panic_after(options.panic_after, options.panic_in_monitor);
    stacks::start(options.check.stack_depth);
    report::start(&options.check, no_color);
    model::start(|rule| options.check.wants(rule));
    if pages::is_out() {
        line::say(format_args!("memory is out: the program is not checked"));
        return;
    }
    watched::start_checking();
}

/// Says what was wrong with the options, and their help.
fn greet(options: &Options) {
    for complaint in &options.complaints {
        line::say(format_args!("EPSHIM_OPTIONS: {complaint}"));
    }
    if options.check.help {
        let help = epshim_check::Options::help();
        let stderr = Destination::new(None);
        stderr.write(process::id().unsigned_abs(), help.as_bytes());
    }
}
