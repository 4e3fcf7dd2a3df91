//! Where the call sites of a recorded process lie: its own names for them, what was mapped, and the places
//! that were recorded with names.
//!
//! Surprising: what is asked when the process has ended is answered for what was mapped at an address last.

use crate::answer::Frame;
use crate::observation::{Observation, What};
use crate::terms::{Fd, Site};
use std::collections::HashMap;

/// Code of a module.
#[derive(Debug, Clone)]
struct Mapping {
    module: String,
    base: u64,
    start: u64,
    end: u64,
}

/// Call sites.
#[derive(Debug, Clone, Default)]
pub struct Sites {
    places: HashMap<Site, Vec<Frame>>,
    callers: HashMap<Site, Vec<u64>>,
    belongs: HashMap<(Fd, Site), Vec<Frame>>,
    /// The latest last.
    mappings: Vec<Mapping>,
}

/// More of each are not kept: a recording may say anything.
const MOST: usize = 1 << 20;

impl Sites {
    /// Takes what says where code is; all else is nothing to it.
    pub fn observe(&mut self, it: &Observation<'_>) {
        match &it.what {
            What::Place { frames } if self.places.len() < MOST => {
                self.places.insert(it.site, frames.clone());
            }
            What::Belongs { fd, frames } if self.belongs.len() < MOST => {
                self.belongs.insert((*fd, it.site), frames.clone());
            }
            What::Callers { addresses } if self.callers.len() < MOST => {
                self.callers.insert(it.site, addresses.clone());
            }
            What::Mapped { module, base, start, end } if self.mappings.len() < MOST => {
                let module = module.clone();
                let (&base, &start, &end) = (base, start, end);
                self.mappings.push(Mapping { module, base, start, end });
            }
            _ => {}
        }
    }

    /// The frames of the code that a descriptor belongs to, which was registered at this site; none: not known.
    #[must_use]
    pub fn belongs(&self, fd: Fd, site: Site) -> Option<Vec<Frame>> {
        self.belongs.get(&(fd, site)).cloned()
    }

    /// The frames of a call site, the innermost first.
    #[must_use]
    pub fn frames(&self, site: Site) -> Vec<Frame> {
        if let Some(frames) = self.places.get(&site) {
            return frames.clone();
        }
        let address = [site.0];
        let addresses = self.callers.get(&site).map_or(&address[..], Vec::as_slice);
        // A frame names the call: the byte before the address.
        addresses.iter().map(|address| self.frame(address.wrapping_sub(1))).collect()
    }

    fn frame(&self, address: u64) -> Frame {
        let has = |one: &&Mapping| (one.start..one.end).contains(&address);
        let (module, offset) = match self.mappings.iter().rev().find(has) {
            Some(one) => (one.module.clone(), address.wrapping_sub(one.base)),
            None => (String::new(), address),
        };
        Frame { module, offset, ..Frame::default() }
    }
}
