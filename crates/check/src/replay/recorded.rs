//! A recorded process: its descriptors, as the observations leave them, and the kernel's answers, as they
//! were recorded.
//!
//! The same question may have been asked again and again: its answers are given in their order, and the
//! last one as often as it is asked. A question that was not recorded has no answer: what is found is then
//! less certain, never more.

use epshim_observe::{Answer, Fd, Kernel, Listed, Nanos, Observation, Pid, Table, Tid, What};
use std::collections::{HashMap, VecDeque};

/// What is known of a recorded process beside its model.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorded {
    table: Table,
    answers: Answers,
}

impl Recorded {
    pub const fn table(&self) -> &Table {
        &self.table
    }

    pub const fn answers(&mut self) -> &mut Answers {
        &mut self.answers
    }

    pub fn observe(&mut self, it: &Observation<'_>) -> Option<What<'static>> {
        if let What::Kernel(answer) = &it.what {
            self.answers.say(answer.clone());
        }
        self.table.observe(it)
    }
}

/// The answers of one look.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(HashMap<Question, VecDeque<Answer>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    Poll(Fd),
    Fdinfo(Fd),
    Unread(Fd),
    Traffic(Fd),
    File(Fd),
    Keeper(Fd, Fd),
    BothEnds(Fd),
    Alive(Tid),
    OnItsWay(Tid),
    WasClosed(Fd),
    ProcessorTime(Tid),
    Deaf(Fd),
    Holder(u64),
}

impl Question {
    const fn of(answer: &Answer) -> Option<Self> {
        Some(match *answer {
            Answer::Poll { fd, .. } => Self::Poll(fd),
            Answer::Fdinfo { epfd, .. } => Self::Fdinfo(epfd),
            Answer::Unread { fd, .. } => Self::Unread(fd),
            Answer::Traffic { fd, .. } => Self::Traffic(fd),
            Answer::File { fd, .. } => Self::File(fd),
            Answer::Keeper { epfd, fd, .. } => Self::Keeper(epfd, fd),
            Answer::BothEnds { fd, .. } => Self::BothEnds(fd),
            Answer::Alive { tid, .. } => Self::Alive(tid),
            Answer::OnItsWay { tid, .. } => Self::OnItsWay(tid),
            Answer::WasClosed { fd, .. } => Self::WasClosed(fd),
            Answer::ProcessorTime { tid, .. } => Self::ProcessorTime(tid),
            Answer::Deaf { fd, .. } => Self::Deaf(fd),
            Answer::Holder { inode, .. } => Self::Holder(inode),
            Answer::Epfd { .. } => return None,
        })
    }
}

impl Answers {
    fn say(&mut self, answer: Answer) {
        if let Some(question) = Question::of(&answer) {
            self.0.entry(question).or_default().push_back(answer);
        }
    }

    /// The look is over.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    fn ask(&mut self, question: Question) -> Option<Answer> {
        let answers = self.0.get_mut(&question)?;
        if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
    }
}

impl Kernel for Answers {
    fn registrations(&mut self, epfd: Fd) -> Option<Vec<Listed>> {
        match self.ask(Question::Fdinfo(epfd))? {
            Answer::Fdinfo { listed, .. } => listed,
            _ => None,
        }
    }

    fn readiness(&mut self, fd: Fd, _: u32) -> Option<u32> {
        match self.ask(Question::Poll(fd))? {
            Answer::Poll { ready, .. } => ready,
            _ => None,
        }
    }

    fn unread(&mut self, fd: Fd) -> Option<u64> {
        match self.ask(Question::Unread(fd))? {
            Answer::Unread { bytes, .. } => bytes,
            _ => None,
        }
    }

    fn traffic(&mut self, fd: Fd) -> u64 {
        match self.ask(Question::Traffic(fd)) {
            Some(Answer::Traffic { traffic, .. }) => traffic,
            _ => 0,
        }
    }

    fn file(&mut self, fd: Fd) -> Option<(u64, u64)> {
        match self.ask(Question::File(fd))? {
            Answer::File { file, .. } => file,
            _ => None,
        }
    }

    fn keeper(&mut self, epfd: Fd, ghost: &Listed) -> Option<Fd> {
        match self.ask(Question::Keeper(epfd, ghost.fd))? {
            Answer::Keeper { keeper, .. } => keeper,
            _ => None,
        }
    }

    fn has_both_ends(&mut self, fd: Fd) -> bool {
        matches!(self.ask(Question::BothEnds(fd)), Some(Answer::BothEnds { has: true, .. }))
    }

    fn is_alive(&mut self, tid: Tid) -> bool {
        // As a kernel that is not asked says it: it is not known to be dead.
        !matches!(self.ask(Question::Alive(tid)), Some(Answer::Alive { is: false, .. }))
    }

    fn is_on_its_way(&mut self, tid: Tid) -> bool {
        matches!(self.ask(Question::OnItsWay(tid)), Some(Answer::OnItsWay { is: true, .. }))
    }

    fn processor_time(&mut self, tid: Tid) -> Option<Nanos> {
        match self.ask(Question::ProcessorTime(tid))? {
            Answer::ProcessorTime { nanos, .. } => nanos,
            _ => None,
        }
    }

    fn deaf(&mut self, fd: Fd) -> Option<(Tid, u64)> {
        match self.ask(Question::Deaf(fd))? {
            Answer::Deaf { thread, .. } => thread.map(|(tid, signals)| (tid as Tid, signals)),
            _ => None,
        }
    }

    fn holder(&mut self, inode: u64) -> Option<(Pid, Fd)> {
        match self.ask(Question::Holder(inode))? {
            Answer::Holder { holder, .. } => holder.map(|(pid, fd)| (pid as Pid, fd as Fd)),
            _ => None,
        }
    }

    fn was_closed(&mut self, fd: Fd) -> bool {
        matches!(self.ask(Question::WasClosed(fd)), Some(Answer::WasClosed { was: true, .. }))
    }
}
