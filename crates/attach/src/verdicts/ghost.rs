//! `ghost`: a registration whose number is closed, or open to another file.

use crate::look::ready::{is_fired, is_level};
use crate::look::{Epoll, Keeper, Registration};
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;
use epshim_observe::bits;

/// Its record.
pub const RECORD: Record = Record {
    name: "ghost",
    certainties: &[Certainty::Certain, Certainty::Suspected, Certainty::Note],
    page: None,
    fix: "EPOLL_CTL_DEL before close(). Now it is too late for that: end the process that keeps the file, or build a \
          new epoll. Open with SOCK_CLOEXEC and O_CLOEXEC, so that children do not keep files.",
    judge,
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for epoll in scene.epolls() {
        for (place, registration) in scene.registrations(epoll) {
            if is_fired(registration.events) {
                continue;
            }
            if let Some((_, keeper)) = scene.keeper(epoll.fd, registration) {
                verdicts.push(of(scene, epoll, place, registration, keeper));
            }
        }
    }
    verdicts
}

fn of(
    scene: &Scene<'_>,
    epoll: &Epoll,
    place: usize,
    registration: &Registration,
    keeper: &Keeper,
) -> Verdict {
    let ready = scene.readiness_of(epoll, place, registration);
    let is_ready = ready.is_some_and(|ready| ready.certain & !bits::OUT != 0);
    let spins = scene.spins().iter().any(|spin| spin.is_calling());
    let level = is_level(registration.events);
    // In the second look it may be another file of the same inode, in another epoll of the same number: told again and
    // again it has a thread spin.
    let is_one = !keeper.state.kind.shares_its_inode() || !scene.spins().is_empty();
    let certainty = match (is_ready, level) {
        (true, _) if !is_one => Certainty::Note,
        (true, true) => Certainty::Certain,
        (true, false) => Certainty::Suspected,
        // Its readiness does not show, and something is reported without end.
        (false, true) if ready.is_none() && spins => Certainty::Suspected,
        (false, _) => Certainty::Note,
    };
    let fd = registration.fd;
    let number = match scene.now.files.get(&fd) {
        None => format!("fd {fd} is not open"),
        Some(other) => format!("fd {fd} is another file by now ({})", words::what(other)),
    };
    let delivers = match (is_ready, level) {
        (true, true) if is_one => "which it delivers again and again",
        (true, _) => "and is ready",
        (false, _) if ready.is_some() => "and is not ready now",
        (false, _) => "whether it is ready is not known",
    };
    let what = format!(
        "epfd {} still has a registration of fd {fd}, data {:#x}, {delivers}; {number}",
        epoll.fd, registration.data
    );
    let fill = words::fill(&keeper.state);
    let state = words::what(&keeper.state);
    let mut evidence = Vec::new();
    if !state.is_empty() {
        let colon = if fill.is_empty() { "" } else { ": " };
        evidence.push(format!("the registered file: {state}{colon}{fill}"));
    }
    evidence.push(kept_by(scene, keeper));
    Verdict::new(RECORD.name, certainty, what).of(epoll.fd).on(fd).because(evidence)
}

fn kept_by(scene: &Scene<'_>, keeper: &Keeper) -> String {
    if keeper.by.is_empty() {
        return "who keeps the file open was not found: a process that may not be looked at, a message that \
                carries it, or a mapping"
            .to_owned();
    }
    let own = scene.now.process.pid;
    let names = keeper.by.iter().map(|(pid, name, fd)| {
        if *pid == own {
            format!("its own fd {fd}")
        } else {
            format!("process {pid} ({name}), fd {fd}")
        }
    });
    format!("kept open by {}", names.collect::<Vec<_>>().join(", "))
}
