//! `herd`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Delivered, Live};
use epshim_observe::{Descriptors, Fd, Input, Kernel, Listed, MILLISECOND, Nanos, SECOND, bits};
use rustc_hash::FxHashMap;

pub(crate) const RECORD: Record = Record {
    name: "herd",
    emits: &[Certainty::Note],
    listens: &[Hook::Woken(woken)],
    page: Explanation {
        finds: "Most wake-ups for a shared listener find that another has taken the connection.",
        hurts: "\
            A listener that is level-triggered in several epolls, or in one that several threads \
            wait on, wakes all that sleep for each connection. One of them is given it, and the \
            others have woken for EAGAIN. The cost grows with the number of threads or processes, \
            and is paid where there is least to do.",
        evidence: "\
            Of 100 deliveries in a row of a listener that is registered without EPOLLET, \
            EPOLLONESHOT and EPOLLEXCLUSIVE, more than half came to no connection in this process, \
            each wake-up called accept, the last accept returned EAGAIN or a connection, and \
            poll(2) says that there is nothing to accept. A note, with the numbers: programs live \
            with it.",
        silent: "\
            With EPOLLEXCLUSIVE, or with a listener for each thread (SO_REUSEPORT): nobody is woken \
            in vain. While accept fails with anything but EAGAIN: that is `accept-spin`. Where the \
            thread does not call accept: that is `level-spin`.",
        fix: "\
            Register the listener with EPOLLEXCLUSIVE, or give each thread or process a listener of \
            its own with SO_REUSEPORT, or have one thread accept for all.",
        wrong: r"/* in each thread, with an epoll of its own: */
event.events = EPOLLIN;
epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &event);",
        right: r"event.events = EPOLLIN | EPOLLEXCLUSIVE;
epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &event);",
        manual: "epoll_ctl(2), EPOLLEXCLUSIVE",
        seen: &[
            "https://github.com/unbit/uwsgi/issues/115",
            "https://github.com/gevent/gevent/issues/1536",
            "https://github.com/benoitc/gunicorn/issues/792",
        ],
    },
};

/// With one of these a connection does not wake all again and again.
const WAKES_ONE: u32 = bits::ET | bits::ONESHOT | bits::EXCLUSIVE;
/// This number of wake-ups is judged together.
const WAKES: u16 = 100;
/// At most this often, with a pause between, the kernel is asked whether there is a connection.
const TRIES: u32 = 20;
const PAUSE: Nanos = 7 * MILLISECOND;
/// At most this many listeners are counted.
const MOST: usize = 256;

/// The wake-ups of a listener, since a time.
#[derive(Debug, Clone, Copy)]
struct Herd {
    generation: u32,
    wakes: u16,
    since: Nanos,
    /// The connections and the calls of accept by then.
    moved: u16,
    inputs: u16,
}

/// Of each listener.
type Herds = FxHashMap<Fd, Herd>;

/// What came of that number of wake-ups.
#[derive(Debug)]
struct InVain {
    accepted: u16,
    lasted: Nanos,
}

/// A listener was delivered.
fn woken(engine: &mut Engine, it: &Delivered, live: &Live, descriptors: &dyn Descriptors) {
    let fd = live.fd;
    let epoll = engine.model.epolls.get(it.wait.epoll);
    let Some(registration) = epoll.and_then(|epoll| epoll.at(live.place)) else { return };
    if registration.has(WAKES_ONE) {
        return;
    }
    let (generation, io) = descriptors.state(fd);
    let added = registration.added;
    let herds = engine.own::<Herds>(Rule::Herd);
    if herds.len() >= MOST && !herds.contains_key(&fd) {
        herds.clear();
    }
    let (moved, inputs) = (io.moved(), io.inputs());
    let anew = Herd { generation, wakes: 0, since: it.now, moved, inputs };
    let herd = herds.entry(fd).or_insert(anew);
    if herd.generation != generation {
        *herd = anew;
    }
    herd.wakes += 1;
    if herd.wakes <= WAKES {
        return;
    }
    let before = std::mem::replace(herd, anew);
    let (accepted, calls) = (moved.wrapping_sub(before.moved), inputs.wrapping_sub(before.inputs));
    let has_failed = !matches!(io.input(), Input::WouldBlock | Input::Accepted);
    if calls < WAKES || accepted >= WAKES / 2 || has_failed {
        return;
    }
    let case = InVain { accepted, lasted: it.now.saturating_sub(before.since) };
    let sites = [(Role::RegisteredBy, added), (Role::ReadBy, descriptors.get(fd).read)];
    let about = About::new(Rule::Herd, it.tid, it.now).on(fd, it.wait.epfd).and(sites);
    engine.raise(about, 0, case);
}

impl Case for InVain {
    /// What accept returned, the kernel has said. It lists the listener as one that wakes all.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, tries, .. } = about;
        // One may have come just now. If there is always something to accept, and accept found nothing, it is no herd.
        if kernel.readiness(fd, bits::IN).is_none_or(|ready| ready & bits::IN != 0) {
            return if tries < TRIES { Answer::Again(PAUSE) } else { Answer::Refuted };
        }
        let wakes_one = |one: &Listed| one.fd == fd && one.events & WAKES_ONE != 0;
        let listed = kernel.registrations(epfd);
        if listed.iter().flatten().any(wakes_one) {
            return Answer::Refuted;
        }
        let &mut Self { accepted, lasted } = self;
        let vain = WAKES - accepted;
        let seconds = lasted as f64 / SECOND as f64;
        let what = format!(
            "{vain} of {WAKES} wake-ups for the listener fd {fd} in {seconds:.1} s were in vain: another thread \
             or process had taken the connection, and accept returned EAGAIN; {accepted} connections were \
             accepted here"
        );
        let verified = listed
            .map(|_| format!("/proc/self/fdinfo/{epfd} lists fd {fd} without EPOLLEXCLUSIVE"));
        about.finding(Certainty::Note, now, what, verified)
    }

    fn alike(&self) -> Option<(i32, i32, bool)> {
        Some((0, 0, false))
    }
}
