//! What the descriptors of a finding are open on, asked when the kernel first confirms it: by the time that it is reported the
//! program may have closed them.
//!
//! Of a descriptor that the program was seen to close nothing is asked: the number may be another file's.

use epshim_attach::gather::Questions;
use epshim_attach::look::{File, Kind, State};
use epshim_check::{Finding, Fingerprint, Role};
use epshim_observe::Fd;

/// A descriptor, and what it is open on.
#[derive(Debug, Clone)]
pub struct Introduced {
    /// Its number.
    pub fd: Fd,
    /// What it is open on, with its state.
    pub file: File,
    /// Of a pipe: it is the end for reading, and the number of the other end, if that is open here too.
    pub end: Option<(bool, Option<Fd>)>,
    /// One of the process's own listeners has its port.
    pub is_accepted: bool,
}

/// More findings than these are not remembered.
const MOST: usize = 64;

/// Those of findings that are confirmed and not reported yet.
#[derive(Debug, Default)]
pub struct Introductions(Vec<(Fingerprint, u32, Vec<Introduced>)>);

impl Introductions {
    /// The kernel confirms a finding now. `generation`: how often its number was closed by now. One that was closed since
    /// keeps what it was open on; a number that is another file's by now is introduced anew.
    pub fn confirmed(&mut self, finding: &Finding, generation: u32, questions: &Questions) {
        let known = self.0.iter().position(|(one, _, _)| *one == finding.fingerprint());
        let before = known.map(|place| self.0[place].1);
        if before == Some(generation) {
            return;
        }
        let is_gone = questions.file(finding.fd).is_none();
        if is_gone && before == Some(generation.wrapping_sub(1)) {
            return;
        }
        known.into_iter().for_each(|place| drop(self.0.swap_remove(place)));
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push((finding.fingerprint(), generation, introduced(finding, questions)));
    }

    /// The finding is reported.
    pub fn of(&self, finding: &Finding) -> Vec<Introduced> {
        let known = self.0.iter().find(|(one, _, _)| *one == finding.fingerprint());
        known.map(|(_, _, all)| all.clone()).unwrap_or_default()
    }
}

fn introduced(finding: &Finding, questions: &Questions) -> Vec<Introduced> {
    let was_closed = finding.sites.iter().any(|&(role, _)| role == Role::ClosedBy);
    let epoll = introduce(finding.epfd, questions).filter(|it| it.file.kind != Kind::Epoll);
    let watched = (!was_closed).then(|| introduce(finding.fd, questions)).flatten();
    epoll.into_iter().chain(watched).collect()
}

fn introduce(fd: Fd, questions: &Questions) -> Option<Introduced> {
    let mut file = questions.state(fd).filter(|_| fd >= 0)?;
    // A FIFO has a name, and its ends are other files'.
    if let Some(path) = questions.path(fd).filter(|_| file.kind == Kind::Pipe) {
        file.kind = Kind::Named(path);
    }
    let end = (file.kind == Kind::Pipe).then(|| end(fd, questions)).flatten();
    let is_accepted = is_accepted(&file, questions);
    Some(Introduced { fd, file, end, is_accepted })
}

fn end(fd: Fd, questions: &Questions) -> Option<(bool, Option<Fd>)> {
    const WAYS: u32 = 3;
    let reads = |fd: Fd| Some(questions.flags(fd)? & WAYS == 0);
    let (pipe, is_for_reading) = (questions.file(fd)?, reads(fd)?);
    let is_other = |&other: &Fd| {
        questions.file(other) == Some(pipe) && reads(other).is_some_and(|it| it != is_for_reading)
    };
    Some((is_for_reading, questions.open()?.into_iter().find(is_other)))
}

fn is_accepted(file: &File, questions: &Questions) -> bool {
    let port = |file: &File| file.socket().and_then(|socket| socket.local.port());
    let Some(own) = port(file).filter(|_| file.socket().is_some_and(|it| !it.is_listening()))
    else {
        return false;
    };
    let listens = |file: File| {
        file.socket().is_some_and(|socket| socket.state == State::Listen)
            && port(&file) == Some(own)
    };
    let open = questions.sockets().into_iter();
    open.filter_map(|fd| questions.state(fd)).any(listens)
}
