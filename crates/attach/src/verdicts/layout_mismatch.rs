//! `layout-mismatch`: data that look as if they were written through a structure of another layout.
//!
//! Only where the kernel packs the structure (x86-64) does the list show it: the descriptor stands in the upper half of
//! the data. Elsewhere it stands in the padding, which the kernel does not keep.

use crate::look::Epoll;
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;

/// Its record.
pub const RECORD: Record = Record {
    name: "layout-mismatch",
    certainties: &[Certainty::Certain, Certainty::Suspected],
    page: None,
    fix: "Use the layout of the target: `epshim layout` prints it, `epshim layout --emit LANGUAGE` writes it.",
    judge,
};

const SUSPECTED: usize = 3;
const CERTAIN: usize = 8;

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    if !cfg!(target_arch = "x86_64") || !scene.now.process.is_native {
        return Vec::new();
    }
    scene.epolls().filter_map(|epoll| of(scene, epoll)).collect()
}

fn of(scene: &Scene<'_>, epoll: &Epoll) -> Option<Verdict> {
    let mut rest = None;
    let mut count = 0;
    for registration in epoll.registered() {
        if registration.fd == 0 || scene.is_ghost(epoll, registration) {
            continue;
        }
        let (upper, lower) = ((registration.data >> 32) as u32, registration.data as u32);
        // A small number beside the descriptor is a tag that the program keeps there.
        let is_tag = (1..=0xffff).contains(&lower);
        if upper != registration.fd.unsigned_abs()
            || is_tag
            || rest.is_some_and(|rest| rest != lower)
        {
            return None;
        }
        rest = Some(lower);
        count += 1;
    }
    if count < SUSPECTED {
        return None;
    }
    let certainty = if count >= CERTAIN { Certainty::Certain } else { Certainty::Suspected };
    let what = format!(
        "all {count} registrations of epfd {} have their descriptor in the upper half of the data: the program's \
         struct epoll_event has 16 bytes, the kernel's 12 on this machine",
        epoll.fd
    );
    let evidence = words::some(
        epoll.registered().iter().map(|one| format!("fd {} has data {:#x}", one.fd, one.data)),
    );
    Some(Verdict::new(RECORD.name, certainty, what).of(epoll.fd).because(evidence))
}
