//! `lost-write`.

use crate::engine::Standing;
use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Model, Moment};
use epshim_observe::{Ctl, Fd, Kernel, Kind, Listed, MOD, Nanos, SECOND, Site, bits};

pub(crate) const RECORD: Record = Record {
    name: "lost-write",
    emits: &[Certainty::Suspected],
    listens: &[Hook::Unwritten(unwritten), Hook::CtlMade(changed)],
    page: Explanation {
        finds: "The rest of a short write is never written, and no epoll waits for room.",
        hurts: "\
            A full socket buffer takes a part of the data, or nothing (EAGAIN). If the program \
            neither tries again nor asks for EPOLLOUT, the peer gets a truncated answer and waits \
            for the rest. Small messages and fast networks hide it.",
        evidence: "\
            A write or send on a registered descriptor took less than it was given, or failed with \
            EAGAIN. For 1 s nothing more was written, no epoll of the program had EPOLLOUT on for \
            the descriptor, no thread waited for room in poll or select, and a thread blocked in \
            the wait. Suspected.",
        silent: "\
            With EPOLLOUT registered, level- or edge-triggered: the program will be told. While a \
            thread waits for room in poll, ppoll, select or pselect, for any time: it will be told \
            too. When the descriptor is closed or shut down for writing meanwhile. When its file \
            has another descriptor, through which the rest may be written. On datagrams, which are \
            sent whole or dropped. On wakers (eventfd, a pipe to itself), where a full buffer says \
            enough.",
        fix: "\
            Keep the rest in a buffer of the connection and ask for EPOLLOUT with EPOLL_CTL_MOD. \
            Write on when it comes, and stop asking when the buffer is empty. Overwrite that \
            interest only then.",
        wrong: r"write(fd, answer, length);       /* took 64 KiB of 1 MiB, or -1 and EAGAIN */",
        right: r"n = write(fd, answer, length);
if (n == -1 && errno == EAGAIN)
    n = 0;
if (n >= 0 && (size_t)n < length) {
    keep(connection, answer + n, length - n);
    event.events = EPOLLIN | EPOLLOUT;
    epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &event);
}",
        manual: "epoll(7), Q9; write(2), RETURN VALUE",
        seen: &[
            "https://github.com/pistacheio/pistache/issues/1114",
            "https://github.com/Allenxuxu/gev/issues/60",
        ],
    },
};

/// The rest must lie there for this long.
const LEFT: Nanos = SECOND;
/// It is looked at in so many steps meanwhile: after one in which it was tried again, all of them begin anew.
const STEPS: u8 = 4;
const STEP: Nanos = LEFT / STEPS as Nanos;

#[derive(Debug)]
struct Unwritten {
    /// How many steps nothing has happened in.
    quiet: u8,
}

/// The rest may be waited for no longer.
fn changed(engine: &mut Engine, m: &Moment<'_>, ctl: &Ctl) {
    if ctl.op == MOD && m.descriptors.state(ctl.fd).1.is_unwritten() {
        unwritten(engine, m, ctl.fd);
    }
}

/// A write to it was short or found no room, and a thread is about to wait.
fn unwritten(engine: &mut Engine, m: &Moment<'_>, fd: Fd) {
    let (generation, io) = m.descriptors.state(fd);
    let Some((id, _)) = engine.model.epolls.watching_file(fd, generation) else { return };
    if !io.is_unwritten()
        || !matches!(m.descriptors.kind(fd), Kind::Stream | Kind::Pipe)
        || engine.model.waits_for_room(fd)
    {
        return;
    }
    let mut about = About::new(Rule::LostWrite, m.tid, m.now).on(fd, -1);
    about.stamp.calls = io.attempts();
    engine.raise_about(about, id, STEP, Unwritten { quiet: 0 });
}

impl Case for Unwritten {
    /// A second later: is it as it was, and does a thread wait?
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let fd = about.fd;
        let Some(registration) = about.registration(model, m.descriptors) else {
            return Standing::Void;
        };
        let added = registration.added;
        // In this order: a wait that ends in between is one attempt more.
        let is_awaited = m.descriptors.is_room_awaited(fd);
        let descriptor = m.descriptors.get(fd);
        // Another descriptor of the file may be written to, or wait for room, unseen.
        let is_alone = descriptor.duplicated == Site::default();
        if !descriptor.io.is_unwritten() || !is_alone || model.waits_for_room(fd) {
            return Standing::Void;
        }
        // It was tried again since, or a thread waits for room, or did: the second starts anew.
        let attempts = descriptor.io.attempts();
        if attempts != about.stamp.calls || is_awaited {
            (about.stamp.calls, self.quiet) = (attempts, 0);
            return Standing::Later(STEP);
        }
        self.quiet = self.quiet.saturating_add(1);
        if self.quiet < STEPS {
            return Standing::Later(STEP);
        }
        let Some(wait) = model.waiter(about.stamp.epoll) else { return about.without_waiter() };
        about.sites = vec![
            (Role::WrittenBy, descriptor.written),
            (Role::RegisteredBy, added),
            (Role::WaitedBy, wait.site),
        ];
        Standing::Ask
    }

    /// Whether there is room by now, and whether it is a waker.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, .. } = about;
        let Some(ready) = kernel.readiness(fd, bits::OUT) else { return Answer::Refuted };
        if ready & (bits::ERR | bits::HUP) != 0 || kernel.has_both_ends(fd) {
            return Answer::Refuted;
        }
        let listed = kernel.registrations(epfd);
        let waits =
            |all: &Vec<Listed>| all.iter().any(|one| one.fd == fd && one.events & bits::OUT != 0);
        if listed.as_ref().is_some_and(waits) {
            // It was modified unseen.
            return Answer::Refuted;
        }
        let room =
            if ready & bits::OUT != 0 { "there is room by now" } else { "there is no room yet" };
        let what = format!(
            "a write to fd {fd} was short or found no room (EAGAIN), and for {} s the rest was not written, \
             nor does an epoll wait for EPOLLOUT on it: nothing will continue it",
            LEFT / SECOND,
        );
        let interest = match listed {
            Some(_) => format!("; /proc/self/fdinfo/{epfd} lists it without EPOLLOUT"),
            None => String::new(),
        };
        let verified = format!("poll(fd {fd}): {room}{interest}");
        about.finding(Certainty::Suspected, now, what, verified)
    }
}
