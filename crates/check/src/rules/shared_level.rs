//! `shared-level`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::{Delivered, Live, Model, Moment};
use epshim_observe::{Descriptors, Fd, Input, Io, Kernel, Kind, Listed, Nanos, Site, Tid, bits};
use rustc_hash::FxHashMap;

pub(crate) const RECORD: Record = Record {
    name: "shared-level",
    emits: &[Certainty::Note],
    listens: &[Hook::Given(given), Hook::Took(took)],
    page: Explanation {
        finds: "Two threads read one level-triggered stream at a time.",
        hurts: "\
            Where several threads wait on one epoll, what is level-triggered is reported to each of \
            them for as long as it is ready: also to a second one, while the first has not read \
            yet, or works on what it has read. Each reads a part of the stream. Messages are cut \
            in two, or their order is lost, or two threads change the state of one connection.",
        evidence: "\
            A stream that is registered without EPOLLET and EPOLLONESHOT was delivered to a thread, \
            and to another one before the first waited again. Both have read bytes of it before \
            either of them waited again. A note: with a lock for each connection, under which it \
            is read and worked on, the order is kept, and a lock is not seen.",
        silent: "\
            With EPOLLET, of which each arrival is reported to one thread, or EPOLLONESHOT. When \
            the second thread reads EAGAIN only. On listeners and datagram sockets, of which each \
            read takes a whole. When each thread has an epoll of its own.",
        fix: "\
            Register with EPOLLONESHOT, and arm again with EPOLL_CTL_MOD when the thread is done \
            with what it has read. Or give each connection to the epoll of one thread.",
        wrong: r"/* several threads: */
epoll_wait(epfd, &event, 1, -1); /* the registration is EPOLLIN */
n = read(event.data.fd, buffer, sizeof buffer);",
        right: r"/* several threads: */
epoll_wait(epfd, &event, 1, -1); /* EPOLLIN | EPOLLONESHOT */
n = read(event.data.fd, buffer, sizeof buffer);
consume(buffer, n);
epoll_ctl(epfd, EPOLL_CTL_MOD, event.data.fd, &interest);",
        manual: "epoll(7), EPOLLONESHOT",
        seen: &[
            "https://github.com/winddriver/Delphi-Cross-Socket/issues/11",
            "https://github.com/davidmoreno/onion/issues/235",
        ],
    },
};

/// At most this many streams are followed.
const MOST: usize = 1024;

/// A thread that was given it, and how many waits it had begun then.
#[derive(Debug, Clone, Copy)]
struct Holder {
    tid: Tid,
    waits: u32,
    has_read: bool,
}

impl Holder {
    /// Whether it has not waited again.
    fn holds(&self, model: &Model) -> bool {
        let thread = model.threads.get(self.tid);
        thread.is_some_and(|thread| thread.wait.is_none() && thread.waits == self.waits)
    }
}

/// A stream that a thread has in hand, or two.
#[derive(Debug)]
struct Held {
    generation: u32,
    /// Its input when the latest thread was given it.
    inputs: u16,
    holders: Vec<Holder>,
}

/// By descriptor.
type All = FxHashMap<Fd, Held>;

/// A delivery in an epoll that several threads wait on.
fn given(engine: &mut Engine, it: &Delivered, live: &Live, descriptors: &dyn Descriptors) {
    let fd = live.fd;
    let epoll = engine.model.epolls.get(it.wait.epoll);
    let registration = epoll.and_then(|epoll| epoll.at(live.place));
    let is_level = registration.is_some_and(|one| !one.has(bits::ET | bits::ONESHOT));
    if !is_level || it.events & bits::IN == 0 || descriptors.kind(fd) != Kind::Stream {
        return;
    }
    let (generation, io) = descriptors.state(fd);
    let mut all = std::mem::take(engine.own::<All>(Rule::SharedLevel));
    if all.len() >= MOST && !all.contains_key(&fd) {
        all.clear();
    }
    let anew = || Held { generation, inputs: 0, holders: Vec::new() };
    let held = all.entry(fd).or_insert_with(anew);
    if held.generation != generation {
        *held = anew();
    }
    held.holders.retain(|holder| holder.tid != it.tid && holder.holds(&engine.model));
    // The only one that had it has read since.
    if let [holder] = &mut held.holders[..] {
        holder.has_read |= has_read(io, held.inputs);
    }
    held.holders.push(Holder { tid: it.tid, waits: it.waits, has_read: false });
    held.inputs = io.inputs();
    if held.holders.len() > 1 {
        descriptors.tell_reads(fd, true);
    }
    *engine.own(Rule::SharedLevel) = all;
}

/// Whether bytes were read since there was this number of calls.
fn has_read(io: Io, inputs: u16) -> bool {
    io.inputs() != inputs && matches!(io.input(), Input::Full | Input::Short)
}

/// A thread has read of it.
fn took(engine: &mut Engine, m: &Moment<'_>, fd: Fd, site: Site) {
    let mut all = std::mem::take(engine.own::<All>(Rule::SharedLevel));
    let generation = m.descriptors.state(fd).0;
    let held = all.get_mut(&fd).filter(|held| held.generation == generation);
    let mut is_shared = false;
    if let Some(held) = held {
        held.holders.retain(|holder| holder.holds(&engine.model));
        let reader = held.holders.iter_mut().find(|holder| holder.tid == m.tid);
        if let Some(reader) = reader {
            reader.has_read = true;
        }
        is_shared = held.holders.len() > 1;
        let readers = held.holders.iter().filter(|holder| holder.has_read);
        let readers: Vec<Tid> = readers.map(|holder| holder.tid).collect();
        if let Some(&other) = readers.iter().find(|&&tid| tid != m.tid) {
            if readers.contains(&m.tid) {
                raise(engine, m, fd, site, other);
                held.holders.clear();
                is_shared = false;
            }
        }
    }
    if !is_shared {
        m.descriptors.tell_reads(fd, false);
    }
    *engine.own(Rule::SharedLevel) = all;
}

fn raise(engine: &mut Engine, m: &Moment<'_>, fd: Fd, site: Site, other: Tid) {
    let generation = m.descriptors.state(fd).0;
    let Some((id, registration)) = engine.model.epolls.watching_file(fd, generation) else {
        return;
    };
    let sites = [(Role::Now, site), (Role::RegisteredBy, registration.added)];
    let Some(epoll) = engine.model.epolls.get(id) else { return };
    let about = About::new(Rule::SharedLevel, m.tid, m.now).on(fd, epoll.fd);
    engine.raise(about.and(sites), 0, Shared { other });
}

#[derive(Debug)]
struct Shared {
    /// The other thread.
    other: Tid,
}

impl Case for Shared {
    /// Both have read: what is left to ask is whether it is level-triggered.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, tid, .. } = about;
        let is_level = |one: &Listed| one.events & (bits::ET | bits::ONESHOT) == 0;
        let listed = kernel.registrations(epfd);
        let mut of_it = listed.iter().flatten().filter(|one| one.fd == fd);
        if of_it.any(|one| !is_level(one)) {
            return Answer::Refuted;
        }
        let what = format!(
            "the stream fd {fd} is level-triggered in epfd {epfd}, on which several threads wait: it was \
             delivered to thread {} and to thread {tid}, and both have read bytes of it before either waited \
             again",
            self.other,
        );
        let verified = listed.map(|_| {
            format!("/proc/self/fdinfo/{epfd} lists fd {fd} without EPOLLET and EPOLLONESHOT")
        });
        about.finding(Certainty::Note, now, what, verified)
    }

    fn alike(&self) -> Option<(i32, i32, bool)> {
        Some((0, 0, false))
    }
}
