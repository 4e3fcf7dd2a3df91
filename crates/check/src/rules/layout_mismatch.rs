//! `layout-mismatch`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{EpollId, Moment};
use epshim_observe::{ADD, Ctl, Fd, Kernel, Nanos};
use rustc_hash::FxHashMap;

pub(crate) const RECORD: Record = Record {
    name: "layout-mismatch",
    emits: &[Certainty::Certain, Certainty::Suspected],
    listens: &[Hook::CtlMade(made)],
    page: Explanation {
        finds: "The caller's struct epoll_event is not laid out as the kernel's.",
        hurts: "\
            The structure has 12 bytes on x86-64 and 16 on most other targets. With the wrong one \
            the kernel reads padding where the data should be. Every event comes back with the \
            wrong data, and all entries of the wait's array after the first are garbage.",
        evidence: "\
            On targets that pack the structure: the upper half of data equals the descriptor and \
            the lower half is always the same, so the caller has the 16-byte structure. On targets \
            that pad it: the padding equals the descriptor and data does not hold it, so the \
            caller has the packed one. Suspected after 3 different descriptors, certain after 8.",
        silent: "\
            Data that holds a descriptor in its upper half and something different in its lower \
            half, such as a generation, or a small number, such as a type. Bindings that make raw \
            system calls are not seen.",
        fix: "\
            Use the layout of the target: `epshim layout` prints it, `epshim layout --emit \
            LANGUAGE` writes it for a binding.",
        wrong: r"struct my_epoll_event { uint32_t events; uint64_t data; };  /* 16 bytes: not on x86-64 */",
        right: r"#include <sys/epoll.h>           /* other languages: epshim layout --emit */",
        manual: "epoll_event(3type)",
        seen: &[
            "https://github.com/odin-lang/Odin/pull/5837",
            "https://github.com/nix-rust/nix/pull/182",
            "https://github.com/rust-lang/rust/pull/12003",
            "https://github.com/nim-lang/Nim/pull/20058",
        ],
    },
};

/// This many different descriptors raise a suspicion,
const SUSPECTED: usize = 3;
/// and this many are proof.
const CERTAIN: usize = 8;
/// Above this many epolls those that are gone are forgotten.
const MANY: usize = 64;

/// What the data of each epoll's registrations looks like.
type Looks = FxHashMap<EpollId, Data>;

#[derive(Debug, Default)]
struct Data {
    /// Descriptors whose number stands where it would with the wrong structure.
    shifted: Vec<Fd>,
    /// The other half of the data, the same for all of them.
    rest: u32,
    /// One registration did not fit: the structure is right.
    is_right: bool,
}

#[derive(Debug)]
struct Mismatch {
    descriptors: usize,
    is_unpacked: bool,
}

/// A registration: does its data look as if written through another structure?
fn made(engine: &mut Engine, m: &Moment<'_>, ctl: &Ctl) {
    let id = engine.model.epolls.last_named(ctl.epfd);
    let Some(id) = id.filter(|_| ctl.op == ADD && ctl.fd != 0) else { return };
    let all = engine.own::<Looks>(Rule::LayoutMismatch);
    if all.len() > MANY && !all.contains_key(&id) {
        let mut all = std::mem::take(all);
        all.retain(|&id, _| engine.model.epolls.get(id).is_some());
        *engine.own(Rule::LayoutMismatch) = all;
    }
    let data = engine.own::<Looks>(Rule::LayoutMismatch).entry(id).or_default();
    if let Some(case) = data.observe(ctl) {
        let about = About::new(Rule::LayoutMismatch, m.tid, m.now);
        engine.raise(about.at(ctl, Role::RegisteredBy), 0, case);
    }
}

impl Data {
    fn observe(&mut self, ctl: &Ctl) -> Option<Mismatch> {
        if self.is_right {
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
        let is_unpacked = ctl.padding.is_none();
        // A small number beside the descriptor is a tag that the program keeps there.
        let is_tag = is_unpacked && (1..=0xffff).contains(&rest);
        let holds_number = !is_unpacked && ctl.data == u64::from(number);
        if number_at != number || holds_number || is_tag || (!is_first && rest != self.rest) {
            *self = Self { is_right: true, ..Self::default() };
            return None;
        }
        self.rest = rest;
        if self.shifted.len() == CERTAIN || self.shifted.contains(&ctl.fd) {
            return None;
        }
        self.shifted.push(ctl.fd);
        let descriptors = self.shifted.len();
        matches!(descriptors, SUSPECTED | CERTAIN).then_some(Mismatch { descriptors, is_unpacked })
    }
}

impl Case for Mismatch {
    /// The evidence is in the program's memory; the kernel knows no more.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let &mut Self { descriptors, is_unpacked } = self;
        let certainty =
            if descriptors >= CERTAIN { Certainty::Certain } else { Certainty::Suspected };
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
        about.finding(certainty, now, what, None)
    }
}
