//! This process's memory as it is at a moment, for those who read many small things that lie near each other: each
//! page is copied by the kernel once.
//!
//! What other threads change meanwhile is of before or after, as with any read.

use crate::questions::memory::read_bytes;
use epshim_interpreters::{Module, Process};

/// The smallest page that Linux has: a copy of one is whole or fails.
const PAGE: usize = 4096;
/// The pages that are kept. More take the places of the earlier ones.
const PAGES: usize = 32;
/// No page has this address.
const NONE: u64 = u64::MAX;

/// The pages that were copied.
#[derive(Debug)]
pub struct Snapshot {
    bytes: Vec<u8>,
    addresses: [u64; PAGES],
    next: usize,
}

impl Snapshot {
    /// Without a page.
    pub fn new() -> Self {
        Self { bytes: vec![0; PAGES * PAGE], addresses: [NONE; PAGES], next: 0 }
    }

    /// Forgets all pages: another moment begins.
    pub fn forget(&mut self) {
        self.addresses.fill(NONE);
    }

    /// The place of a page among those that are kept. `None`: it is not there.
    fn place(&mut self, page: u64) -> Option<usize> {
        if let Some(place) = self.addresses.iter().position(|&address| address == page) {
            return Some(place);
        }
        let place = self.next;
        self.addresses[place] = NONE;
        let to = self.bytes.get_mut(place * PAGE..(place + 1) * PAGE)?;
        if read_bytes(usize::try_from(page).ok()?, to) < PAGE {
            return None;
        }
        self.addresses[place] = page;
        self.next = (place + 1) % PAGES;
        Some(place)
    }
}

impl Process for Snapshot {
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize {
        let mut done = 0;
        while done < to.len() {
            let Some(at) = address.checked_add(done as u64) else { break };
            let page = at & !(PAGE as u64 - 1);
            let Some(place) = self.place(page) else { break };
            let from = (at - page) as usize;
            let size = (PAGE - from).min(to.len() - done);
            let start = place * PAGE + from;
            to[done..done + size].copy_from_slice(&self.bytes[start..start + size]);
            done += size;
        }
        done
    }

    fn module_at(&mut self, _address: u64) -> Option<Module> {
        None
    }
}
