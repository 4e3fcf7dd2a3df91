//! The start: what the options ask for is prepared, and then the hooks begin to report calls.
//!
//! Called once, by the library's constructor, before the program's own code runs. In this order: what
//! a wing prepares, the later ones use. A program that is not to be checked costs the parsing of its
//! options.

use crate::books::{family, model, recording, stacks};
use crate::life::luck;
use crate::life::options::Options;
use crate::output::destination::Destination;
use crate::output::{frames, line, mail, report};
use crate::questions::{fd_table, lines, probe, side_process};
use crate::runtime::sandbox::{self, Call};
use crate::runtime::{
    clock, failure, loops, monitor_thread, pages, process, rings, shared_page, slot_life, watched,
};
use epshim_check::options::Mode;

/// Starts what the text of `EPSHIM_OPTIONS` asks for. `no_color`: the program's variable `NO_COLOR`
/// is set.
pub fn start(text: &str, no_color: bool) {
    fd_table::prepare();
    probe::prepare();
    let options = Options::parse(text);
    pages::refuse_from(options.fail_alloc_after.unwrap_or(0));
    process::prepare();
    let is_checking = options.check.mode != Mode::Transparent;
    let may_map = is_checking && sandbox::may(Call::Files) && sandbox::may(Call::Memory);
    if let Some((observer, number)) = options.page.filter(|_| may_map) {
        shared_page::map(observer, number);
    }
    if !options.is_watching(process::id()) {
        slot_life::begin_unwatched();
        return;
    }
    greet(&options);
    if !is_checking {
        return;
    }
    if !sandbox::may(Call::Memory) {
        line::say(format_args!(
            "the program was started in a sandbox (seccomp) that lets too little pass: it is not checked"
        ));
        return;
    }
    monitor_thread::prepare();
    family::prepare();
    line::prepare();
    side_process::prepare();
    failure::prepare(report::FAILED, model::release);
    failure::panic_after(options.panic_after, options.panic_in_monitor);
    stacks::start(options.check.stack_depth, &options.check.lines);
    report::start(&options.check, options.collect.as_deref(), no_color);
    if options.check.stall > 0 {
        loops::start();
    }
    model::start(|rule| options.check.wants(rule));
    if options.page_only {
        mail::switch_off();
    }
    if let Some(before) = slot_life::begin(clock::since_1970()) {
        report::write_before(before);
    }
    if pages::is_out() {
        line::say(format_args!("memory is out: the program is not checked"));
        return;
    }
    if let Some((observer, number)) = options.record.filter(|_| may_map && shared_page::is_known())
    {
        rings::map(observer, number);
        recording::start(frames::modules);
    }
    if lines::are_there() {
        watched::report_sockets();
    }
    if options.check.mode == Mode::Chaos {
        luck::start(&options);
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
