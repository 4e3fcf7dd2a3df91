//! `edge-not-drained`: data that lie in the kernel, on an edge that was told, while the loop sleeps.

use crate::look::{File, Kind, Protocol, Registration, Runtime};
use crate::scene::{Scene, Waiting};
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;
use epshim_observe::bits;

/// Its record.
pub const RECORD: Record = Record {
    name: "edge-not-drained",
    certainties: &[Certainty::Suspected, Certainty::Note],
    page: None,
    fix: "Read, accept or receive until EAGAIN; or keep the descriptor on a list that is served before the next wait; \
          or drop EPOLLET.",
    judge,
};

/// Data that is younger may be on its way to the program.
const AGE_MS: u32 = 1000;
/// What Go, mio and nginx register, which keep the readiness themselves and may leave data in the kernel.
pub(super) const KEEPS_READINESS: u32 =
    bits::IN | bits::OUT | bits::RDHUP | bits::ET | bits::ERR | bits::HUP;

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    if has_back_pressure(scene) {
        return Vec::new();
    }
    let mut verdicts = Vec::new();
    for epoll in scene.epolls() {
        let waiting = scene.waiting(epoll);
        if waiting.threads.is_empty() || !scene.are_others_still(&waiting.threads) {
            continue;
        }
        for (_, registration) in scene.registrations(epoll) {
            if registration.events & (bits::ET | bits::IN) != bits::ET | bits::IN
                || scene.is_ghost(epoll, registration)
            {
                continue;
            }
            let Some(files) = scene.file(registration.fd) else { continue };
            let Some(text) = left(scene, files, &waiting) else { continue };
            let what = format!(
                "fd {} is edge-triggered in epfd {} and has {text}; the edge was told: thread {} waits, and is \
                 not told again until more comes",
                registration.fd, epoll.fd, waiting.threads[0]
            );
            let certainty = certainty(scene, registration, files.1);
            let evidence = vec![words::descriptor(registration.fd, files.1)];
            let verdict =
                Verdict::new(RECORD.name, certainty, what).of(epoll.fd).on(registration.fd);
            verdicts.push(verdict.because(evidence).in_threads(vec![waiting.threads[0]]));
        }
    }
    verdicts
}

/// Something is unsent somewhere: a proxy then rightly stops reading.
fn has_back_pressure(scene: &Scene<'_>) -> bool {
    scene
        .now
        .files
        .values()
        .filter_map(File::socket)
        .any(|socket| !socket.is_listening() && socket.send_queue.is_some_and(|queue| queue > 0))
}

/// A loop that keeps readiness itself may leave data rightly; no loop leaves connections to accept for a second.
pub(super) fn keeps_readiness(scene: &Scene<'_>, registration: &Registration) -> bool {
    scene.now.process.runtime == Runtime::Go || registration.events == KEEPS_READINESS
}

fn certainty(scene: &Scene<'_>, registration: &Registration, file: &File) -> Certainty {
    let is_listening = file.socket().is_some_and(|socket| socket.is_listening());
    if keeps_readiness(scene, registration) && !is_listening {
        Certainty::Note
    } else {
        Certainty::Suspected
    }
}

/// What lies in the kernel, unchanged in both looks.
fn left(scene: &Scene<'_>, (then, now): (&File, &File), waiting: &Waiting) -> Option<String> {
    let is_unmoved = !waiting.unmoved.is_empty();
    if let (Kind::Pipe, Some(unread @ 1..)) = (&now.kind, now.unread) {
        let is_same = then.unread == now.unread && is_unmoved;
        return (is_same && !now.has_other_end)
            .then(|| words::count(unread as usize, "byte") + " unread");
    }
    let (before, socket) = (then.socket()?, now.socket()?);
    if before.traffic() != socket.traffic() || before.unread()? == 0 {
        return None;
    }
    let is_left = match socket.since_data_ms {
        _ if socket.is_listening() => scene.is_still(),
        Some(ms) if socket.protocol == Protocol::Tcp => ms >= AGE_MS,
        // Nothing says how old it is, but that nothing has moved.
        _ => is_unmoved,
    };
    is_left.then(|| words::fill(now))
}
