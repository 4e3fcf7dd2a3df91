//! Call sites: where the program made a call, by the copy of the stack that its record has.
//!
//! A site is the address of the call in the program's own code, not in the C library's wrapper; in Go, the whole stack. Its frames are found
//! when it is seen first: the process may be gone when it is reported.

use crate::record::{NEAR, Place};
use epshim_attach::gather::{Folder, Memory, now};
use epshim_attach::look::Runtime;
use epshim_attach::stack::{Frame, Stacks};
use epshim_observe::{Frame as Placed, Nanos, SECOND, Site, What, is_part_of_libc};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// The frames of a call site, the innermost first.
pub type Frames = Vec<Frame>;

/// Most frames of a site.
const MOST: usize = 16;
/// Of a call that has little of its stack in its record.
const MOST_NEAR: usize = 4;
/// Latest places that are kept.
const LATEST: usize = 1024;
/// Sites that are told apart.
const SITES: usize = 1 << 16;

/// The call sites of a process.
#[derive(Debug)]
pub struct Sites {
    /// `None`: its memory may not be read.
    stacks: Option<Stacks<Rc<Memory>>>,
    /// It has frame pointers, and no tables.
    is_go: bool,
    frames: FxHashMap<Site, Frames>,
    /// The stacks that are sites, and their numbers.
    chains: FxHashMap<Vec<u64>, u64>,
    /// Where calls were made last, and their sites: a loop makes them at few places.
    latest: FxHashMap<(u64, u64), (Vec<u8>, Site)>,
    /// When what is mapped was read.
    read: Nanos,
}

impl Sites {
    pub fn of(folder: &Folder, memory: Option<&Rc<Memory>>, runtime: Runtime) -> Self {
        let stacks = memory.map(|memory| Stacks::of(folder, Rc::clone(memory)));
        let (is_go, frames) = (runtime == Runtime::Go, FxHashMap::default());
        Self {
            stacks,
            is_go,
            frames,
            chains: FxHashMap::default(),
            latest: FxHashMap::default(),
            read: now(),
        }
    }

    /// The site of a call.
    pub fn site(&mut self, place: &Place, folder: &Folder) -> Site {
        if place.stack.len() > NEAR {
            return self.find(place, folder);
        }
        let key = (place.ip, place.sp);
        if let Some((_, site)) = self.latest.get(&key).filter(|(stack, _)| *stack == place.stack) {
            return *site;
        }
        let site = self.find(place, folder);
        if self.latest.len() >= LATEST {
            self.latest.clear();
        }
        self.latest.insert(key, (place.stack.clone(), site));
        site
    }

    fn find(&mut self, place: &Place, folder: &Folder) -> Site {
        let Some(stacks) = &mut self.stacks else { return Site(place.ip) };
        if !stacks.knows(place.ip) && now().saturating_sub(self.read) > SECOND {
            stacks.read_again(folder);
            self.read = now();
        }
        let most = if place.stack.len() > NEAR { MOST } else { MOST_NEAR };
        let &Place { ip, sp, bp, ref stack } = place;
        let mut addresses = match self.is_go {
            true => stacks.chain_copy(ip, sp, bp, stack, most),
            false => stacks.walk_copy(ip, sp, bp, stack, most),
        };
        if cfg!(target_arch = "x86_64") && addresses.len() == 1 {
            addresses.extend(stacks.caller_by_call(ip, &stack[..stack.len().min(NEAR)]));
        }
        // The innermost is the wrapper of the call, in the C library or linked from it.
        let own = addresses.iter().skip(1).position(|&address| !is_in_libc(stacks, address));
        let own = own.map_or(addresses.len() - 1, |place| place + 1);
        // In Go all calls go through one function: there the whole stack is the site.
        let site = if self.is_go {
            let next = self.chains.len() as u64;
            Site::of_stack(*self.chains.entry(addresses.clone()).or_insert(next))
        } else {
            Site(addresses[own])
        };
        let known = self.frames.get(&site).map_or(0, Vec::len);
        let has_more = addresses.len() - own > known;
        if known == 0 && self.frames.len() < SITES || known > 0 && has_more {
            let frames = addresses[own..].iter().map(|&address| stacks.call(address)).collect();
            self.frames.insert(site, frames);
        }
        site
    }

    /// How many frames of it are known.
    pub fn known(&self, site: Site) -> usize {
        self.frames.get(&site).map_or(0, Vec::len)
    }

    /// Where it lies, as recordings have it.
    pub fn place(&self, site: Site) -> What<'static> {
        let place = |frame: &Frame| Placed {
            module: frame.module.clone().unwrap_or_default(),
            offset: frame.offset,
            ..Placed::default()
        };
        What::Place { frames: self.frames.get(&site).into_iter().flatten().map(place).collect() }
    }

    /// Its frames; nothing: it is not known.
    pub fn frames(&self, site: Site) -> Frames {
        self.frames.get(&site).cloned().unwrap_or_default()
    }
}

fn is_in_libc(stacks: &Stacks<Rc<Memory>>, address: u64) -> bool {
    let of_it = stacks.mappings().iter().find(|mapping| mapping.range.contains(&address));
    of_it.is_some_and(|mapping| is_part_of_libc(&mapping.path))
}
