//! `connect-unfinished`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule, Standing,
};
use crate::model::{Model, Moment};
use epshim_observe::{Fd, Kernel, Kind, Nanos, SECOND, Site, Tid, bits, errno};
use rustc_hash::FxHashMap;

pub(crate) const RECORD: Record = Record {
    name: "connect-unfinished",
    emits: &[Certainty::Fact, Certainty::Suspected, Certainty::Note],
    listens: &[Hook::Connected(connected), Hook::Unconnected(unconnected)],
    page: Explanation {
        finds: "A connect is over, and the program is not told, or does not ask how it ended.",
        hurts: "\
            A connect that does not block returns EINPROGRESS, and its end is told by EPOLLOUT. Who \
            waits for EPOLLIN only waits for ever, if the server waits for the client to speak. And \
            a connect may have failed: then what is written goes nowhere. On AF_UNIX there is no \
            EINPROGRESS: EAGAIN means that the backlog was full and that nothing is in progress.",
        evidence: "\
            connect returned EINPROGRESS. poll(2) says that there is room to write, without EPOLLERR \
            and EPOLLHUP: the connection is made. The descriptor is registered, no epoll has \
            EPOLLOUT for it, and for 1 s more there was no I/O on it, no getsockopt(SO_ERROR), no \
            other connect and no input, while a thread waits. Suspected: the state is certain, but \
            a client that only listens needs no more. Or a write returned ENOTCONN, and the last \
            connect of that socket had failed: a fact. A write that returned ECONNREFUSED after a \
            connect that was in progress is a note: the program may take the error from there.",
        silent: "\
            With EPOLLOUT registered, or a thread that waits for room in poll or select. When the \
            socket is closed, read, written, asked for SO_ERROR, or connected again meanwhile. \
            While the connect goes on. When it has failed: EPOLLERR and EPOLLHUP are always \
            reported. On datagram sockets.",
        fix: "\
            After EINPROGRESS ask for EPOLLOUT. When it comes ask getsockopt(SO_ERROR): 0 means \
            connected. After EAGAIN on AF_UNIX connect again later.",
        wrong: r"if (connect(fd, addresses->ai_addr, addresses->ai_addrlen) == -1 && errno != EINPROGRESS)
    close(fd);
event.events = EPOLLIN;          /* the server waits for our greeting */
epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);",
        right: r"event.events = EPOLLIN | EPOLLOUT;
epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
/* ... when EPOLLOUT comes: */
getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
if (failure == 0)
    serve(fd);",
        manual: "connect(2), EINPROGRESS and EAGAIN",
        seen: &[
            "https://github.com/chriskohlhoff/asio/issues/1365",
            "https://github.com/tokio-rs/mio/issues/1560",
            "https://github.com/brazilofmux/tinymux/issues/942",
        ],
    },
};

/// The connection must be made, and not used, for this long.
const LEFT: Nanos = SECOND;
/// It is asked again and again whether it is made, each time after twice as long, up to 2^5 s.
const SELDOM: u32 = 5;
/// At most this many connects that have not succeeded are remembered.
const MOST: usize = 1024;

/// The latest connect of a socket that has not succeeded.
#[derive(Debug, Clone, Copy)]
struct Last {
    generation: u32,
    /// The calls on it until then.
    calls: u16,
    errno: i32,
    site: Site,
    tid: Tid,
    at: Nanos,
    /// It goes on, and was not looked at since.
    is_new: bool,
}

/// What the rule keeps. A proxy connects thousands of times a second: only what nobody has touched for
/// [`LEFT`] becomes a suspicion.
#[derive(Debug, Default)]
struct Own {
    all: FxHashMap<Fd, Last>,
    is_looked_at: bool,
}

fn connected(engine: &mut Engine, m: &Moment<'_>, fd: Fd, errno: i32, site: Site) {
    let (generation, io) = m.descriptors.state(fd);
    let own = engine.own::<Own>(Rule::ConnectUnfinished);
    match errno {
        0 | errno::EISCONN => {
            own.all.remove(&fd);
            return;
        }
        // That of the one before.
        errno::EALREADY => return,
        _ if own.all.len() >= MOST => own.all.retain(|&fd, last| last.is_of(fd, m)),
        _ => {}
    }
    let is_new = errno == errno::EINPROGRESS;
    let (calls, tid, at) = (io.calls(), m.tid, m.now);
    if own.all.len() < MOST || own.all.contains_key(&fd) {
        own.all.insert(fd, Last { generation, calls, errno, site, tid, at, is_new });
    }
    if is_new {
        look(engine, m.now.saturating_add(LEFT));
    }
}

/// One look is enough for all.
fn look(engine: &mut Engine, at: Nanos) {
    if !std::mem::replace(&mut engine.own::<Own>(Rule::ConnectUnfinished).is_looked_at, true) {
        engine.unsettled += 1;
        engine.wake(at, raise_the_left);
    }
}

/// Raises what was left alone for long.
fn raise_the_left(engine: &mut Engine, m: &Moment<'_>) {
    engine.unsettled -= 1;
    let own = engine.own::<Own>(Rule::ConnectUnfinished);
    own.is_looked_at = false;
    own.all.retain(|&fd, last| last.is_of(fd, m));
    let mut left = Vec::new();
    let mut next = None;
    for (&fd, last) in own.all.iter_mut().filter(|(_, last)| last.is_new) {
        let due = last.at.saturating_add(LEFT);
        if due > m.now {
            next = Some(next.map_or(due, |next: Nanos| next.min(due)));
        } else {
            last.is_new = false;
            left.push((fd, *last));
        }
    }
    left.sort_unstable_by_key(|&(fd, _)| fd);
    for (fd, last) in left {
        let Last { generation, calls, site, tid, at, .. } = last;
        if m.descriptors.state(fd).1.calls() == calls {
            let about = About::new(Rule::ConnectUnfinished, tid, at).on(fd, -1);
            let case = Unfinished { generation, calls, interest: 0, is_made: false };
            engine.raise(about.and([(Role::ConnectedBy, site)]), LEFT, case);
        }
    }
    if let Some(at) = next {
        look(engine, at);
    }
}

impl Last {
    /// Whether the number was not closed since.
    fn is_of(&self, fd: Fd, m: &Moment<'_>) -> bool {
        m.descriptors.state(fd).0 == self.generation
    }
}

/// A connection that may be made, and nothing tells the program.
#[derive(Debug)]
struct Unfinished {
    generation: u32,
    calls: u16,
    interest: u32,
    /// It was made when it was last looked at.
    is_made: bool,
}

impl Case for Unfinished {
    /// Whether nothing was done with it since, and a thread waits for something else of it.
    fn holds(&mut self, about: &mut About, model: &mut Model, m: &Moment<'_>) -> Standing {
        let fd = about.fd;
        let (generation, io) = m.descriptors.state(fd);
        let Some((id, registration)) = model.epolls.watching_file(fd, generation) else {
            return Standing::Void;
        };
        if (generation, io.calls()) != (self.generation, self.calls)
            || m.descriptors.kind(fd) != Kind::Stream
            || model.waits_for_room(fd)
            || m.descriptors.is_room_awaited(fd)
        {
            return Standing::Void;
        }
        self.interest = registration.interest & !bits::PRIVATE;
        let added = registration.added;
        let Some(wait) = model.waiter(id) else { return about.without_waiter() };
        let Some(epfd) = model.epolls.name(id, m.descriptors) else { return Standing::Void };
        about.epfd = epfd;
        about.sites.truncate(1);
        about.sites.extend([(Role::RegisteredBy, added), (Role::WaitedBy, wait.site)]);
        Standing::Ask
    }

    /// The kernel says that it is made, a second ago and now.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, tries, .. } = about;
        let Some(ready) = kernel.readiness(fd, bits::IN | bits::OUT) else {
            return Answer::Refuted;
        };
        if ready & (bits::ERR | bits::HUP | bits::IN) != 0 {
            return Answer::Refuted;
        }
        if ready & bits::OUT == 0 {
            return Answer::Again(SECOND << tries.min(SELDOM));
        }
        let listed = kernel.registrations(epfd);
        let mut all = listed.iter().flatten();
        if all.any(|one| one.fd == fd && one.events & bits::OUT != 0) {
            // It was modified unseen.
            return Answer::Refuted;
        }
        if !std::mem::replace(&mut self.is_made, true) {
            return Answer::Again(LEFT);
        }
        let waits = match self.interest {
            0 => "nothing".to_owned(),
            interest => bits::names(interest),
        };
        let what = format!(
            "connect of fd {fd} returned EINPROGRESS, and the connection is made for {} s: epfd {epfd} waits \
             for {waits} on it, not for EPOLLOUT, and nobody has asked for SO_ERROR, read or written; unless \
             the peer speaks first, nothing comes",
            LEFT / SECOND,
        );
        let verified = format!("poll(fd {fd}) says POLLOUT and no error, twice with 1 s between");
        about.finding(Certainty::Suspected, now, what, verified)
    }
}

/// A write that failed after a connect that had not succeeded.
#[derive(Debug)]
struct NotConnected {
    /// That of the connect, and that of the write.
    connect: i32,
    write: i32,
}

fn unconnected(engine: &mut Engine, m: &Moment<'_>, fd: Fd, write: i32, site: Site) {
    let generation = m.descriptors.state(fd).0;
    let all = &mut engine.own::<Own>(Rule::ConnectUnfinished).all;
    let Some(&last) = all.get(&fd).filter(|last| last.generation == generation) else { return };
    all.remove(&fd);
    let about = About::new(Rule::ConnectUnfinished, m.tid, m.now).on(fd, -1);
    let case = NotConnected { connect: last.errno, write };
    engine.raise(about.and([(Role::Now, site), (Role::ConnectedBy, last.site)]), 0, case);
}

impl Case for NotConnected {
    /// The kernel has refused the write: there is nothing left to ask.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let (fd, &mut Self { connect, write }) = (about.fd, self);
        let name = |errno| errno::name(errno).unwrap_or("an error");
        let (connect, write, is_lost) = (name(connect), name(write), write == errno::ENOTCONN);
        let why = if is_lost {
            "the socket was never connected"
        } else {
            "the connect had failed, and SO_ERROR was not asked for"
        };
        let what = format!("a write to fd {fd} returned {write}, and its connect {connect}: {why}");
        let certainty = if is_lost { Certainty::Fact } else { Certainty::Note };
        about.finding(certainty, now, what, None)
    }

    fn alike(&self) -> Option<(i32, i32, bool)> {
        Some((self.connect, self.write, false))
    }
}
