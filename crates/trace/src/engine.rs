//! All of it, pass by pass: records in, findings out.

use crate::answers::{Ended, Found, Refused, ended, found_in};
use crate::asked::Asked;
use crate::calls;
use crate::family::Family;
use crate::followed::Followed;
use crate::object::Source;
use crate::stream::Stream;
use crate::tape::Tape;
use crate::watched::Watched;
use epshim_attach::gather::{NoLook, descendants, now};
use epshim_observe::{MILLISECOND, Nanos, Observation, Pid};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// The pause between two passes: so much longer is the ring buffer not looked at.
const PAUSE: Nanos = 2 * MILLISECOND;
/// Silent threads are looked for this often.
const LOOKS: Nanos = 20 * MILLISECOND;

/// The processes that are watched.
pub struct Engine {
    stream: Stream,
    asked: Asked,
    tape: Tape,
    running: BTreeMap<Pid, Followed>,
    /// Of several processes.
    family: Option<Family>,
    ended: Vec<Ended>,
    lost: u64,
    looked: Nanos,
}

impl Engine {
    /// Attaches to processes.
    pub fn attach(asked: Asked) -> Result<Self, Refused> {
        let refused = |pid: Pid| move |why: NoLook| Refused::Process(pid, why);
        let mut running = BTreeMap::new();
        for &pid in &asked.pids {
            running.insert(pid, Followed::of(pid, true).map_err(refused(pid))?);
        }
        let source = Source::attach(&asked.pids, asked.children).map_err(Refused::Missing)?;
        let (mut stream, tape) = (Stream::of(source), Tape::new(asked.records));
        for (&pid, followed) in &mut running {
            let watched =
                Watched::of(pid, &asked, &mut stream, &tape, None).map_err(refused(pid))?;
            if !watched.questions().process().is_native {
                return Err(Refused::Foreign(pid));
            }
            followed.watched = Some(watched);
        }
        let family = (asked.children || asked.pids.len() > 1).then(Family::default);
        let ended = Vec::new();
        let (lost, looked) = (0, 0);
        let mut engine = Self { stream, asked, tape, running, family, ended, lost, looked };
        engine.follow_descendants();
        engine.begin_family();
        Ok(engine)
    }

    /// Children that are there already. Those that they make meanwhile are found at the next turn, or recorded.
    fn follow_descendants(&mut self) {
        while self.asked.children {
            let known: Vec<Pid> = self.running.keys().copied().collect();
            let new = descendants(&known);
            let new: Vec<Pid> = new.into_iter().filter(|&pid| self.stream.watch(pid)).collect();
            if new.is_empty() {
                return;
            }
            for pid in new {
                let Ok(mut followed) = Followed::of(pid, false) else { continue };
                followed.adopt(pid, &self.asked, &mut self.stream, &self.tape, None);
                self.running.insert(pid, followed);
            }
        }
    }

    /// Which of the epolls that are there are one.
    fn begin_family(&mut self) {
        let Some(family) = &mut self.family else { return };
        let watched =
            self.running.iter().filter_map(|(&pid, it)| Some((pid, it.watched.as_ref()?)));
        family.begin(watched.flat_map(|(pid, watched)| watched.epolls().map(move |fd| (pid, fd))));
    }

    /// Whether all processes have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.running.is_empty()
    }

    /// How many records were lost. What was known until then counts no more.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// What is to be recorded since this was asked before.
    #[must_use]
    pub fn recorded(&self) -> Vec<Observation<'static>> {
        self.tape.take()
    }

    /// Whether a process runs still.
    #[must_use]
    pub fn runs(&self, pid: Pid) -> bool {
        self.running.contains_key(&pid)
    }

    /// How many processes were made that there was no room to follow.
    #[must_use]
    pub fn not_followed(&self) -> u64 {
        self.stream.not_followed()
    }

    /// All silent threads are looked at in the next pass.
    pub fn look_soon(&mut self) {
        self.looked = 0;
        watched(&mut self.running).for_each(|(_, watched)| watched.look_soon());
    }

    /// Waits for a moment, takes what has come meanwhile, and asks about what is due.
    pub fn pass(&mut self) -> Vec<Found> {
        self.pause();
        let gone = self.gone();
        self.take();
        let mut found = Vec::new();
        let now = now();
        if now.saturating_sub(self.looked) >= LOOKS {
            self.looked = now;
            watched(&mut self.running).for_each(|(_, watched)| watched.look(now, &mut self.stream));
        }
        let known = now.saturating_sub(MILLISECOND);
        for (pid, watched) in watched(&mut self.running) {
            let new = watched.judge(known, &mut self.stream);
            found.extend(new.into_iter().map(|finding| found_in(pid, watched, finding)));
        }
        for pid in gone {
            found.extend(self.end(pid));
        }
        found
    }

    /// Until the next pass, or until a process ends.
    fn pause(&self) {
        let handles = self.running.values().map(|it| PollFd::new(&it.handle, PollFlags::IN));
        let mut handles: Vec<_> = handles.collect();
        let pause = Timespec::try_from(Duration::from_nanos(PAUSE)).unwrap_or_default();
        // A signal ends it sooner, which does no harm.
        let _ = poll(&mut handles, Some(&pause));
    }

    /// Those that have ended.
    fn gone(&self) -> Vec<Pid> {
        let gone = self.running.iter().filter(|(_, followed)| followed.has_ended());
        let gone: Vec<Pid> = gone.map(|(&pid, _)| pid).collect();
        if !gone.is_empty() {
            // Its last records are held back no longer after this.
            thread::sleep(Duration::from_nanos(PAUSE));
        }
        gone
    }

    fn take(&mut self) {
        let lost = self.stream.newly_lost();
        if lost > 0 {
            self.lost += lost;
            watched(&mut self.running)
                .for_each(|(_, watched)| watched.lost(lost, &mut self.stream));
            self.follow_descendants();
            self.begin_family();
        }
        let (records, _) = self.stream.next();
        for record in records {
            if let Some(child) = calls::forked(&record) {
                self.follow(record.pid, child, record.at);
                continue;
            }
            let shared = self.family.as_mut().and_then(|family| family.take(&record));
            let Some(followed) = self.running.get_mut(&record.pid) else { continue };
            if followed.is_due(&record) {
                let since = calls::makes_epoll(record.number).then_some(record.at);
                let (asked, stream) = (&self.asked, &mut self.stream);
                followed.adopt(record.pid, asked, stream, &self.tape, since);
            }
            let Some(watched) = &mut followed.watched else { continue };
            watched.take(&record, &mut self.stream);
            if let Some((epfd, other)) = shared {
                watched.shares(&record, epfd, other);
            }
        }
    }

    /// A watched process has made another.
    fn follow(&mut self, parent: Pid, child: Pid, at: Nanos) {
        // What it has changed counts, also where it has ended by now.
        self.family.iter_mut().for_each(|family| family.forked(parent, child, at));
        let Ok(mut followed) = Followed::of(child, false) else {
            return self.stream.forget(child);
        };
        if self.family.as_ref().is_some_and(|family| family.has_epolls(child)) {
            followed.adopt(child, &self.asked, &mut self.stream, &self.tape, None);
        }
        self.running.insert(child, followed);
    }

    fn end(&mut self, pid: Pid) -> Vec<Found> {
        self.stream.forget(pid);
        self.family.iter_mut().for_each(|family| family.left(pid));
        let Some(followed) = self.running.remove(&pid) else { return Vec::new() };
        let Some(mut watched) = followed.watched else { return Vec::new() };
        let found = watched.finish(&mut self.stream);
        let found = found.into_iter().map(|finding| found_in(pid, &watched, finding)).collect();
        if followed.is_named || watched.has_loop() {
            self.ended.push(ended(pid, &watched, false));
        }
        found
    }

    /// Detaches, and says what there is to say of each process: of a child only if it has waited or registered something.
    #[must_use]
    pub fn finish(self) -> Vec<Ended> {
        let mut ended_before = self.ended;
        let running = self.running.iter().filter_map(|(&pid, followed)| {
            let watched = followed.watched.as_ref()?;
            (followed.is_named || watched.has_loop()).then(|| ended(pid, watched, true))
        });
        ended_before.extend(running);
        ended_before
    }
}

fn watched(running: &mut BTreeMap<Pid, Followed>) -> impl Iterator<Item = (Pid, &mut Watched)> {
    running.iter_mut().filter_map(|(&pid, followed)| Some((pid, followed.watched.as_mut()?)))
}
