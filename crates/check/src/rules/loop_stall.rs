//! `loop-stall`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule, Stalled,
};
use crate::model::Moment;
use epshim_observe::{FUTILE, Fd, Kernel, MILLISECOND, Nanos, Site, Tid};
use rustc_hash::FxHashMap;

pub(crate) const RECORD: Record = Record {
    name: "loop-stall",
    emits: &[Certainty::Certain, Certainty::Suspected],
    listens: &[Hook::Stalled(stalled), Hook::Futile(futile)],
    page: Explanation {
        finds: "A handler keeps the loop from its work: a resolver, fsync, a lock, a sleep.",
        hurts: "\
            While a handler sleeps or computes, the loop's thread does not wait, and no connection \
            is served, however many are ready. Every client sees the pause, timeouts of others run \
            out, and the processor may be idle meanwhile.",
        evidence: "\
            The thread returned from its wait and did not wait again for 500 ms (the option \
            stall=500ms). Meanwhile the observer beside the program has looked every 100 ms: \
            something was ready in the epoll each time from then on, no other thread waited on \
            that epoll, and the thread slept in one and the same system call, or used at least \
            half of a processor. The report has what it slept in, and its stack. Suspected. The thread \
            reports it when it waits again. Where it does not for 10 s more, or a signal ends the process \
            meanwhile, the observer does, if the loop was not left: a function that the wait was called \
            through has not returned, or the thread sleeps in a lock, in a call on a file, or in a write \
            to another descriptor than 0, 1 and 2. Certain: it sleeps in a write to a full pipe whose \
            other end the same epoll watches, the process has no other thread, and no other process has \
            the pipe open. Or a thread \
            that waits on an epoll called read, write or accept on a registered descriptor that had \
            1,024 such calls while the thread did not wait, nothing was moved, and its last call got \
            EAGAIN: certain.",
        silent: "\
            Before the thread's first wait. While nothing is ready in the epoll: nobody waits for \
            the loop then. While another thread waits on it. While the process is stopped, or the \
            thread wants a processor and gets none. In a read or a write of a registered descriptor: \
            that is `blocking-fd`. Where the observer may not look, as under \
            kernel.yama.ptrace_scope=1. Of a loop that never waits again: in pthread_join, waitpid, \
            sigwait and their like, in which programs that have left their loop wait for their end; and, \
            where the loop is in main itself, while it computes, sleeps, polls or reads. Where the \
            program ends by itself. With stall=off.",
        fix: "\
            Give what sleeps to another thread, or use the form of it that waits in the loop: a \
            resolver that is asynchronous, a timer for a sleep, a try-lock. Cut a long computation \
            in pieces.",
        wrong: r"/* in the handler of an event */
getaddrinfo(host, NULL, NULL, &addresses);  /* the resolver answers in 5 s */",
        right: r"queue_for_resolver_thread(host, connection);  /* which writes to an eventfd */",
        manual: "epoll(7)",
        seen: &[
            "https://github.com/NodeppOfficial/nodepp/issues/31",
            "https://github.com/fonoster/fonoster/issues/270",
            "https://github.com/loveyacper/ananas/pull/4",
            "https://github.com/libevent/libevent/issues/1799",
        ],
    },
};

#[derive(Debug)]
struct Stall {
    nanos: Nanos,
    call: String,
    is_over: bool,
    /// The ends of its own pipe, which is full.
    pipe: Option<(Fd, Fd)>,
}

fn stalled(engine: &mut Engine, m: &Moment<'_>, it: &Stalled<'_>) {
    let written = it.pipe.map_or(-1, |(write_end, _)| write_end);
    let about = About::new(Rule::LoopStall, m.tid, m.now).on(written, it.epfd);
    let &Stalled { nanos, is_over, pipe, .. } = it;
    let case = Stall { nanos, call: it.call.to_owned(), is_over, pipe };
    // What computes has no stack that can be read: the site is that of the wait that ends it.
    let role = if it.call.is_empty() { Role::WaitedBy } else { Role::Now };
    engine.raise(about.and([(role, it.site)]), 0, case);
}

impl Case for Stall {
    /// The observer has asked the kernel while it lasted.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let (epfd, milliseconds) = (about.epfd, self.nanos / MILLISECOND);
        let (lasts, is) = if self.is_over {
            (format!("stood still for {milliseconds} ms"), "was")
        } else {
            (format!("has stood still for {milliseconds} ms, and goes on to"), "is")
        };
        let how = match (&*self.call, self.is_over) {
            ("", true) => "computed".to_owned(),
            ("", false) => "computes".to_owned(),
            (call, _) => format!("{is} asleep in {call}"),
        };
        let (waited, has) = if self.is_over { ("waited", "had") } else { ("waits", "has") };
        let mut what = format!(
            "the loop of epfd {epfd} {lasts}: its thread {how}, while something {is} ready and no other thread \
             {waited} on it"
        );
        let mut verified = format!("poll(epfd {epfd}) said POLLIN at each look");
        let Some((write_end, read_end)) = self.pipe else {
            return about.finding(Certainty::Suspected, now, what, verified);
        };
        what.push_str(&format!(
            "; fd {write_end} is a pipe that {has} no room, and its other end, fd {read_end}, which the same epoll \
             watches, only this thread could read"
        ));
        verified.push_str(&format!(
            "; fdinfo of epfd {epfd} listed the pipe at fd {read_end}, and no other thread was there and no other \
             process had it open"
        ));
        about.finding(Certainty::Certain, now, what, verified)
    }
}

/// What a thread was about when it called in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tries {
    tid: Tid,
    /// The waits that it had begun,
    waits: u32,
    /// and what had been moved, of this file.
    moved: u32,
    generation: u32,
}

/// By descriptor.
type All = FxHashMap<Fd, Tries>;

/// At most this many are remembered.
const MOST: usize = 256;

/// It called a descriptor in vain, which has had 1,024 calls since this was told last. What had been moved is of that
/// time: two such calls may be told of together, when more has been moved.
fn futile(engine: &mut Engine, m: &Moment<'_>, fd: Fd, moved: u32, site: Site) {
    let thread = engine.model.threads.get(m.tid);
    let Some(waits) = thread.filter(|thread| thread.waits > 0).map(|thread| thread.waits) else {
        return;
    };
    let (generation, _) = m.descriptors.state(fd);
    let Some((id, registration)) = engine.model.epolls.watching_file(fd, generation) else {
        return;
    };
    let added = registration.added;
    let epfd = engine.model.epolls.get(id).map_or(-1, |epoll| epoll.fd);
    let now = Tries { tid: m.tid, waits, moved, generation };
    let all = engine.own::<All>(Rule::LoopStall);
    if all.len() >= MOST {
        all.clear();
    }
    if all.insert(fd, now) != Some(now) {
        return;
    }
    all.remove(&fd);
    let about = About::new(Rule::LoopStall, m.tid, m.now).on(fd, epfd);
    engine.raise(about.and([(Role::Now, site), (Role::RegisteredBy, added)]), 0, Futile);
}

#[derive(Debug)]
struct Futile;

impl Case for Futile {
    /// What the calls returned, the kernel has said.
    fn confirm(&mut self, about: &About, now: Nanos, _: &mut dyn Kernel) -> Answer {
        let &About { fd, epfd, tid, .. } = about;
        let what = format!(
            "fd {fd} was called {FUTILE} times while thread {tid}, a loop of epfd {epfd}, did not wait, and nothing was \
             moved: its last call got EAGAIN; it asks again and again for what the epoll would tell, and serves \
             nothing else meanwhile"
        );
        about.finding(Certainty::Certain, now, what, None)
    }

    fn alike(&self) -> Option<(i32, i32, bool)> {
        Some((0, 0, false))
    }
}
