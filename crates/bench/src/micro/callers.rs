//! The calls through C functions, libc's or epshim's, and through the crate epshim.

use super::stage::{Caller, Stage, failed};
use crate::library::CFunctions;
use epshim::{Epoll, EventBuffer, EventData, EventFlags};
use libc::{c_int, epoll_event};
use std::hint::black_box;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// Through functions with libc's signatures.
pub struct ThroughC<'a> {
    functions: CFunctions,
    stage: &'a Stage,
    epfd: OwnedFd,
    events: Vec<epoll_event>,
}

impl<'a> ThroughC<'a> {
    pub fn new(functions: CFunctions, stage: &'a Stage) -> io::Result<Self> {
        let events = vec![epoll_event { events: 0, u64: 0 }; stage.sources.len()];
        Ok(Self { functions, stage, epfd: stage.epoll()?, events })
    }

    fn ctl(&self, operation: c_int, source: &impl AsRawFd) {
        let mut event = epoll_event { events: self.stage.interest(), u64: black_box(0) };
        let (epfd, fd) = (self.epfd.as_raw_fd(), source.as_raw_fd());
        // SAFETY: the event lives through the call.
        let result = unsafe { (self.functions.ctl)(epfd, operation, fd, &raw mut event) };
        assert_eq!(result, 0);
    }
}

impl Caller for ThroughC<'_> {
    fn wait(&mut self) {
        let room = self.events.len() as c_int;
        // SAFETY: the array has room for as many events.
        let ready = unsafe {
            (self.functions.wait)(self.epfd.as_raw_fd(), self.events.as_mut_ptr(), room, 0)
        };
        assert_eq!(ready, room);
    }

    fn modify(&mut self) {
        self.ctl(libc::EPOLL_CTL_MOD, &self.stage.sources[0]);
    }

    fn add_delete(&mut self) {
        self.ctl(libc::EPOLL_CTL_ADD, &self.stage.spare);
        self.ctl(libc::EPOLL_CTL_DEL, &self.stage.spare);
    }
}

/// Through `epshim::Epoll`.
pub struct Rust<'a> {
    stage: &'a Stage,
    epoll: Epoll,
    events: EventBuffer,
    interest: EventFlags,
}

impl<'a> Rust<'a> {
    pub fn new(stage: &'a Stage) -> io::Result<Self> {
        let events = EventBuffer::with_capacity(stage.sources.len());
        let interest = EventFlags::from_bits_retain(stage.interest());
        Ok(Self { stage, epoll: Epoll::from(stage.epoll()?), events, interest })
    }
}

impl Caller for Rust<'_> {
    fn wait(&mut self) {
        let ready = self.epoll.wait(&mut self.events, Some(Duration::ZERO)).unwrap_or_else(failed);
        assert_eq!(ready, self.stage.sources.len());
    }

    fn modify(&mut self) {
        let data = EventData::from_u64(black_box(0));
        self.epoll.modify(&self.stage.sources[0], self.interest, data).unwrap_or_else(failed);
    }

    fn add_delete(&mut self) {
        let (epoll, spare) = (&self.epoll, &self.stage.spare);
        epoll.add(spare, self.interest, EventData::from_u64(black_box(0))).unwrap_or_else(failed);
        epoll.delete(spare).unwrap_or_else(failed);
    }
}
