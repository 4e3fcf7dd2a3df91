//! Call sites, and what was called there.

use super::call::{Called, Which};
use crate::document::{Place, SiteRow};
use epshim_observe::{Frame, Nanos, Pid, Site};
use rustc_hash::FxHashMap;

/// At most as many have a row of their own; the last row is all others'.
const MOST: usize = 4096;

/// The rows.
#[derive(Debug, Clone, Default)]
pub struct SiteRows {
    places: FxHashMap<(Pid, Site, Which), usize>,
    rows: Vec<SiteRow>,
    sites: Vec<(Pid, Site)>,
}

impl SiteRows {
    /// The row of a site in a process. Processes that were forked from each other have the same code: the same rows.
    pub fn place(&mut self, family: Pid, pid: Pid, site: Site, which: Which) -> usize {
        if let Some(&place) = self.places.get(&(family, site, which)) {
            return place;
        }
        let place = self.rows.len().min(MOST);
        if place == self.rows.len() {
            let (call, name) = match place {
                MOST => ("other", "all other sites"),
                _ => (which.name(), ""),
            };
            let (call, name) = (call.to_owned(), name.to_owned());
            self.rows.push(SiteRow { pid, call, name, ..SiteRow::default() });
            self.sites.push((pid, if place == MOST { Site(0) } else { site }));
        }
        if place < MOST {
            self.places.insert((family, site, which), place);
        }
        place
    }

    /// A call there has ended, this long after the one before in its turn.
    pub fn called(&mut self, place: usize, call: &Called, after: Nanos) {
        let row = &mut self.rows[place];
        row.calls += 1;
        row.bytes += call.bytes();
        row.again += u64::from(call.is_again());
        row.short_writes += u64::from(call.which == Which::Write && call.is_short());
        row.failed += u64::from(call.errno != 0 && !call.is_again());
        row.time += after;
        row.time_max = row.time_max.max(after);
    }

    /// A wait there has begun.
    pub fn waited(&mut self, place: usize) {
        self.rows[place].calls += 1;
    }

    pub fn redundant(&mut self, place: usize, calls: u64) {
        self.rows[place].redundant += calls;
    }

    /// As the document has it, with the places that these are. A process that is gone may have left them already.
    pub fn document(mut self, frames: impl Fn(Pid, Site) -> Vec<Frame>) -> Vec<SiteRow> {
        for (row, (pid, site)) in self.rows.iter_mut().zip(self.sites) {
            if row.places.is_empty() && site.0 != 0 {
                row.places = frames(pid, site).into_iter().map(place).collect();
            }
        }
        self.rows
    }

    /// The process ends, or is about to have other code: the sites that were first seen in it are named now.
    pub fn settle(&mut self, pid: Pid, frames: impl Fn(Site) -> Vec<Frame>) {
        for (row, &(of, site)) in self.rows.iter_mut().zip(&self.sites) {
            if of == pid && row.places.is_empty() && site.0 != 0 {
                row.places = frames(site).into_iter().map(place).collect();
            }
        }
    }

    /// The process has other code from now on.
    pub fn forget(&mut self, family: Pid) {
        self.places.retain(|&(of, ..), _| of != family);
    }
}

/// A frame as the document has it: the function there, or the first that it is inlined into.
pub fn place(frame: Frame) -> Place {
    let symbol = frame.symbols.into_iter().next();
    let (function, file, line) = match symbol {
        Some(symbol) => (
            Some(symbol.function),
            Some(symbol.file).filter(|file| !file.is_empty()),
            Some(symbol.line).filter(|&line| line != 0),
        ),
        None => (None, None, None),
    };
    Place { module: frame.module, offset: frame.offset, function, file, line }
}
