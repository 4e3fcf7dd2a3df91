//! The start of chaos: what the options ask for. It says its seed, always: whoever finds it in a unit file must
//! see why the server behaves so. `epshim chaos` has said it already, and has a ledger.

use crate::chaos::choice::Choice;
use crate::chaos::{books, idle, limit, map_ledger};
use crate::life::options::Options;
use crate::output::line;
use crate::questions::files::read_regular;
use epshim_observe::fault::{Draw, Faults, Plan, Sites};
use std::ffi::CString;

/// Bytes of a replay file.
const LONGEST: u64 = 64 << 20;

/// Chaos begins, if what it needs is there.
pub fn start(options: &Options) {
    let check = &options.check;
    match &options.ledger {
        Some(path) if !map_ledger(path) => {
            line::say(format_args!("chaos: cannot map {path}: no fault is made"));
            return;
        }
        Some(_) => {}
        None => line::say(format_args!(
            "chaos: seed {}, level {}: faults are made on purpose",
            check.seed, check.level
        )),
    }
    let choice = match &options.plan {
        Some(path) => match read(path) {
            Ok(plan) => Choice::of_plan(plan),
            Err(reason) => {
                line::say(format_args!("chaos: {path}: {reason}: no fault is made"));
                return;
            }
        },
        None => {
            let of_level = Faults::of(check.level);
            let faults = if check.faults.0 == 0 { of_level } else { check.faults };
            Choice::of_seed(Draw { seed: check.seed, faults, rate: options.rate })
        }
    };
    let sites = match options.sites.as_deref().map(chosen).transpose() {
        Ok(sites) => sites,
        Err(reason) => {
            line::say(format_args!("chaos: the call sites: {reason}: no fault is made"));
            return;
        }
    };
    if options.rate == Some(0) && options.plan.is_none() {
        idle::start();
    }
    limit::start();
    books::start(choice, sites);
}

fn chosen(path: &str) -> Result<Sites, String> {
    Sites::parse(&text(path)?).ok_or_else(|| "no list".to_owned())
}

fn read(path: &str) -> Result<Plan, String> {
    Plan::parse(&text(path)?).map_err(|error| error.to_string())
}

fn text(path: &str) -> Result<String, String> {
    let name = CString::new(path).map_err(|_| "no name of a file".to_owned())?;
    let mut bytes = Vec::new();
    read_regular(&name, LONGEST, &mut bytes).map_err(|_| "cannot be read".to_owned())?;
    String::from_utf8(bytes).map_err(|_| "no text".to_owned())
}
