//! `oneshot-not-rearmed`: a one-shot that has fired, whose input waits, and that is not armed again.

use crate::look::ready::is_fired;
use crate::look::{Protocol, State};
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;

/// Its record.
pub const RECORD: Record = Record {
    name: "oneshot-not-rearmed",
    certainties: &[Certainty::Suspected],
    page: None,
    fix: "EPOLL_CTL_MOD at the end of each handler, on every path of it, also those of errors.",
    judge,
};

/// A handler may take its time.
const AGE_MS: u32 = 5000;

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for epoll in scene.epolls() {
        let waiting = scene.waiting(epoll);
        if waiting.threads.is_empty() {
            continue;
        }
        for (_, registration) in scene.registrations(epoll) {
            if !is_fired(registration.events) || scene.is_ghost(epoll, registration) {
                continue;
            }
            let Some((then, now)) = scene.file(registration.fd) else { continue };
            let (Some(before), Some(socket)) = (then.socket(), now.socket()) else { continue };
            let has_ended = socket.state == State::CloseWait;
            let has_input = socket.receive_queue.is_some_and(|queue| queue > 0) || has_ended;
            if !has_input || before.traffic() != socket.traffic() {
                continue;
            }
            let age = if has_ended { socket.since_ack_ms } else { socket.since_data_ms };
            let is_old = match age {
                Some(ms) if socket.protocol == Protocol::Tcp && !socket.is_listening() => {
                    ms >= AGE_MS
                }
                // Nothing says how old it is: all threads wait for events, so that none is in a handler.
                _ => scene.is_still() && waiting.unmoved.len() == scene.now.threads.len(),
            };
            if !is_old {
                continue;
            }
            let fill = words::fill(now);
            let state = if fill.is_empty() { "the peer has closed".to_owned() } else { fill };
            let what = format!(
                "fd {} is a one-shot in epfd {} that has fired and is not armed again: {state}, while thread {} \
                 waits",
                registration.fd, epoll.fd, waiting.threads[0]
            );
            let verdict = Verdict::new(RECORD.name, Certainty::Suspected, what).of(epoll.fd);
            let evidence = vec![words::descriptor(registration.fd, now)];
            let verdict = verdict.on(registration.fd).because(evidence);
            verdicts.push(verdict.in_threads(vec![waiting.threads[0]]));
        }
    }
    verdicts
}
