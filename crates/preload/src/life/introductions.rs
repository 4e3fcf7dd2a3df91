//! The introductions of descriptors, from the first time that a finding is confirmed until it is made.
//!
//! A confirmed suspicion may be kept for seconds before it is a finding, and the program may have closed the
//! descriptor by then, or got its number for another file. So what the descriptor was open on is noted when
//! the kernel first confirms.
//!
//! Surprising: where the number was another file's meanwhile, nothing is said of it. Which of both the
//! finding is about is not known here.

use crate::books::slots::Table;
use crate::questions::introduce;
use crate::runtime::lock::{Locked, PATIENCE};
use epshim_check::{Finding, Fingerprint};
use epshim_observe::{Descriptors as _, Fd};
use epshim_report::Descriptor;
use epshim_report::descriptor::What;

/// More than these are not noted at a time.
const MOST: usize = 64;

/// What a descriptor of a finding was open on, and its generation then.
#[derive(Debug)]
struct Note {
    finding: Fingerprint,
    fd: Fd,
    generation: u32,
    what: What,
}

static NOTES: Locked<Vec<Note>> = Locked::new(Vec::new());

/// The descriptors of a finding that the kernel confirms now. Asked under the announcement of that question.
pub fn of(finding: &Finding) -> Vec<Descriptor> {
    let mut now = introduce::of(finding);
    let introduced = NOTES.with(PATIENCE, |notes| {
        let mut of = |fd: Fd| {
            let asked = now.iter().position(|one| one.fd == fd).map(|at| now.swap_remove(at).what);
            let what = introduction(notes, finding.fingerprint(), fd, asked)?;
            Some(Descriptor { fd, what })
        };
        [finding.epfd, finding.fd].into_iter().filter(|&fd| fd >= 0).filter_map(&mut of).collect()
    });
    introduced.unwrap_or_default()
}

fn introduction(
    notes: &mut Vec<Note>,
    finding: Fingerprint,
    fd: Fd,
    asked: Option<What>,
) -> Option<What> {
    let (generation, _) = Table.state(fd);
    let noted = notes.iter().position(|note| note.finding == finding && note.fd == fd);
    let Some(noted) = noted.map(|at| &mut notes[at]) else {
        let what = asked?;
        if notes.len() == MOST {
            notes.clear();
        }
        notes.push(Note { finding, fd, generation, what: what.clone() });
        return Some(what);
    };
    let is_just_closed = asked.is_none() && generation == noted.generation.wrapping_add(1);
    if generation == noted.generation || is_just_closed {
        return asked.or_else(|| Some(noted.what.clone()));
    }
    // Another file's by now: it is noted for the finding that may be about that one.
    if let Some(what) = asked {
        (noted.generation, noted.what) = (generation, what);
    }
    None
}

/// In a forked child: nothing is noted.
pub fn forked() {
    NOTES.renew(Vec::new);
}
