//! `layout-mismatch`.

use crate::checker::Ctl;
use crate::ports::{Fd, Kernel, Nanos};
use crate::rule::{Certainty, Explanation};
use crate::suspicion::{Case, Suspicion, Verdict};

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "The caller's struct epoll_event is not laid out as the kernel's.",
    hurts: "\
        The structure has 12 bytes on x86-64 and 16 on most other targets. With the wrong one \
        the kernel reads padding where the data should be, every event comes back with the wrong \
        data, and all but the first entry of the wait's array are garbage.",
    evidence: "\
        On targets that pack it: the upper half of data equals the descriptor and the lower half \
        is always the same, which is the 16-byte structure. On targets that pad it: the padding \
        equals the descriptor and data does not hold it, which is the packed one. Suspected \
        after 3 different descriptors, certain after 8.",
    silent: "\
        Data that holds a descriptor in its upper half and something different in its lower \
        half, such as a generation, or a small number, such as a type. Bindings that make raw \
        system calls are not seen.",
    fix: "\
        Use the layout of the target: `epshim layout` prints it, `epshim layout --emit LANGUAGE` \
        writes it for a binding.",
    wrong: r"struct my_epoll_event { uint32_t events; uint64_t data; };  /* 16 bytes: not on x86-64 */",
    right: r"#include <sys/epoll.h>           /* other languages: epshim layout --emit */",
    manual: "epoll_event(3type)",
    seen: &[
        "https://github.com/odin-lang/Odin/pull/5837",
        "https://github.com/nix-rust/nix/pull/182",
        "https://github.com/rust-lang/rust/pull/12003",
        "https://github.com/nim-lang/Nim/pull/20058",
    ],
};

/// So many different descriptors raise a suspicion,
const SUSPECTED: usize = 3;
/// and so many are proof.
const CERTAIN: usize = 8;

/// What the data of the registrations looks like.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Descriptors whose number stands where it would with the wrong structure.
    shifted: Vec<Fd>,
    /// The other half of the data, the same for all of them.
    rest: u32,
    /// One registration did not fit: the structure is right.
    is_right: bool,
}

impl State {
    /// A registration: does its data look as if written through another structure?
    pub fn observe(&mut self, ctl: &Ctl) -> Option<Case> {
        if self.is_right || ctl.fd == 0 {
            return None;
        }
        let number = ctl.fd as u32;
        let (number_at, rest) = match ctl.padding {
            // 12 bytes, and the caller wrote 16: its data begins 4 bytes late.
            None => ((ctl.data >> 32) as u32, ctl.data as u32),
            // 16 bytes, and the caller wrote 12: its data begins in the padding.
            Some(padding) => (padding, ctl.data as u32),
        };
        let is_first = self.shifted.is_empty();
        // A small number beside the descriptor is a tag that the program keeps there.
        let is_tag = ctl.padding.is_none() && (1..=0xffff).contains(&rest);
        let holds_number = ctl.padding.is_some() && ctl.data == u64::from(number);
        if number_at != number || holds_number || is_tag || (!is_first && rest != self.rest) {
            self.is_right = true;
            self.shifted = Vec::new();
            return None;
        }
        self.rest = rest;
        if self.shifted.len() == CERTAIN || self.shifted.contains(&ctl.fd) {
            return None;
        }
        self.shifted.push(ctl.fd);
        let descriptors = self.shifted.len();
        let is_unpacked = ctl.padding.is_none();
        matches!(descriptors, SUSPECTED | CERTAIN)
            .then_some(Case::Layout { descriptors: descriptors as u32, is_unpacked })
    }
}

/// The evidence is in the program's memory; the kernel knows no more.
pub(crate) fn confirm(suspicion: Suspicion, now: Nanos, _: &mut dyn Kernel) -> Verdict {
    let Case::Layout { descriptors, is_unpacked } = suspicion.case else { return Verdict::Refuted };
    let certainty =
        if descriptors as usize >= CERTAIN { Certainty::Certain } else { Certainty::Suspected };
    let (has, takes) = if is_unpacked { (16, 12) } else { (12, 16) };
    let at = if is_unpacked {
        "in the upper half of the data"
    } else {
        "in the padding before the data"
    };
    let what = format!(
        "the caller's struct epoll_event has {has} bytes, the kernel's {takes} on this machine: for \
         {descriptors} descriptors in a row their number stands {at}"
    );
    suspicion.becomes(certainty, now, what, None)
}
