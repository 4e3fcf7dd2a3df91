//! The call sites of a search: which there are, which faults were made at each, and those that are chosen.

use super::place::Named;
use super::total::Total;
use epshim_ledger::Place;
use epshim_observe::fault::{Fault, Faults, Sites};
use epshim_report::glob::glob_matches;
use std::fmt::Write as _;

/// All that were seen, a line each.
pub fn listed(total: &Total) -> String {
    let mut text = "  call sites:".to_owned();
    for (place, &(could, did)) in &total.sites {
        let names = |faults: u32| {
            let names: Vec<_> = Faults(faults).iter().map(Fault::name).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let _ = write!(text, "\n    {}: made {}", named(place).text(), names(did));
        if could & !did != 0 {
            let _ = write!(text, "; never {}", names(could & !did));
        }
    }
    text
}

/// Those of which the function, FILE:LINE or module+0xOFFSET is like the glob.
pub fn chosen(total: &Total, glob: &str) -> Sites {
    let is_it = |place: &&(String, u64)| {
        let Named { function, line, at } = named(place);
        [function, line, Some(at)].iter().flatten().any(|text| glob_matches(glob, text))
    };
    Sites(total.sites.keys().filter(is_it).cloned().collect())
}

fn named((module, offset): &(String, u64)) -> Named {
    Named::of(&Place { module: module.clone(), offset: *offset })
}
