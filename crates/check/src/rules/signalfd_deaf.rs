//! `signalfd-deaf`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule, Standing,
};
use crate::model::{Model, Moment};
use epshim_observe::{ADD, Ctl, Kernel, Kind, Nanos, SECOND};

pub(crate) const RECORD: Record = Record {
    name: "signalfd-deaf",
    emits: &[Certainty::Certain],
    listens: &[Hook::CtlMade(made)],
    page: Explanation {
        finds: "A thread does not block the signals that a registered signalfd is to read.",
        hurts: "\
            A signalfd reads signals that are pending, and a signal is pending only while every \
            thread blocks it. One thread that does not is given it: its handler runs, or the \
            default action ends the program, and the descriptor hears nothing. It works in tests, \
            where the main thread is alone.",
        evidence: "\
            1 s after a signalfd was registered a thread of the process lacks one of its signals \
            in SigBlk. Both are read from /proc. Certain.",
        silent: "\
            In the first second, in which threads may still set their masks. SIGKILL and SIGSTOP, \
            which no thread can block, and the signals of faults.",
        fix: "\
            Block the signals in the main thread before it makes any other, with pthread_sigmask: \
            threads inherit the mask.",
        wrong: r"pthread_create(&worker, NULL, work, NULL);
pthread_sigmask(SIG_BLOCK, &mask, NULL);  /* too late for the worker */
fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);",
        right: r"pthread_sigmask(SIG_BLOCK, &mask, NULL);
pthread_create(&worker, NULL, work, NULL);
fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);",
        manual: "signalfd(2), NOTES",
        seen: &[
            "https://github.com/GENIVI/AudioManager/pull/21",
            "https://github.com/alexcrichton/tokio-signal/issues/10",
        ],
    },
};

/// It is looked at then.
const AFTER: Nanos = SECOND;

#[derive(Debug)]
struct Deaf;

fn made(engine: &mut Engine, m: &Moment<'_>, ctl: &Ctl) {
    if ctl.op != ADD || m.descriptors.kind(ctl.fd) != Kind::Queue {
        return;
    }
    let Some(id) = engine.model.epolls.named(ctl.epfd, m.descriptors) else { return };
    let about = About::new(Rule::SignalfdDeaf, m.tid, m.now).at(ctl, Role::RegisteredBy);
    engine.raise_about(about, id, AFTER, Deaf);
}

impl Case for Deaf {
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let registration = about.registration(model, m.descriptors);
        if registration.is_some() { Standing::Ask } else { Standing::Void }
    }

    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, .. } = about;
        let Some((tid, signals)) = kernel.deaf(fd) else { return Answer::Refuted };
        let numbers: Vec<String> = (1..=64)
            .filter(|signal| signals >> (signal - 1) & 1 != 0)
            .map(|signal: u32| signal.to_string())
            .collect();
        let (noun, numbers) =
            (if numbers.len() == 1 { "signal" } else { "signals" }, numbers.join(", "));
        let what = format!(
            "fd {fd} in epfd {epfd} is a signalfd for {noun} {numbers}, which thread {tid} does not block: \
             that thread may be given what the descriptor is to read"
        );
        let verified = format!(
            "sigmask in /proc/self/fdinfo/{fd} has {noun} {numbers}, SigBlk of thread {tid} has not"
        );
        about.finding(Certainty::Certain, now, what, verified)
    }
}
