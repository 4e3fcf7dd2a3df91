//! The calls through the peers, each as its own documentation uses it.

use super::stage::{Caller, Stage, failed};
use mio::unix::SourceFd;
use mio::{Interest, Token};
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags, EpollTimeout};
use polling::{PollMode, Poller};
use rustix::event::{Timespec, epoll};
use std::hint::black_box;
use std::io;
use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// rustix: functions over any descriptor.
pub struct Rustix<'a> {
    stage: &'a Stage,
    epfd: OwnedFd,
    events: Vec<MaybeUninit<epoll::Event>>,
    interest: epoll::EventFlags,
}

impl<'a> Rustix<'a> {
    pub fn new(stage: &'a Stage) -> io::Result<Self> {
        let events = vec![MaybeUninit::uninit(); stage.sources.len()];
        let interest = epoll::EventFlags::from_bits_retain(stage.interest());
        Ok(Self { stage, epfd: stage.epoll()?, events, interest })
    }
}

impl Caller for Rustix<'_> {
    fn wait(&mut self) {
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let (ready, _) = epoll::wait(&self.epfd, &mut self.events[..], Some(&zero)).expect("ours");
        assert_eq!(ready.len(), self.stage.sources.len());
    }

    fn modify(&mut self) {
        let data = epoll::EventData::new_u64(black_box(0));
        epoll::modify(&self.epfd, &self.stage.sources[0], data, self.interest).expect("registered");
    }

    fn add_delete(&mut self) {
        let data = epoll::EventData::new_u64(black_box(0));
        epoll::add(&self.epfd, &self.stage.spare, data, self.interest).expect("not registered");
        epoll::delete(&self.epfd, &self.stage.spare).expect("registered");
    }
}

/// nix: a type over the descriptor.
pub struct Nix<'a> {
    stage: &'a Stage,
    epoll: Epoll,
    events: Vec<EpollEvent>,
    interest: EpollFlags,
}

impl<'a> Nix<'a> {
    pub fn new(stage: &'a Stage) -> io::Result<Self> {
        let events = vec![EpollEvent::empty(); stage.sources.len()];
        let interest = EpollFlags::from_bits_retain(stage.interest() as i32);
        Ok(Self { stage, epoll: Epoll(stage.epoll()?), events, interest })
    }
}

impl Caller for Nix<'_> {
    fn wait(&mut self) {
        let ready = self.epoll.wait(&mut self.events, EpollTimeout::ZERO).expect("it is ours");
        assert_eq!(ready, self.stage.sources.len());
    }

    fn modify(&mut self) {
        let mut event = EpollEvent::new(self.interest, black_box(0));
        self.epoll.modify(&self.stage.sources[0], &mut event).expect("registered");
    }

    fn add_delete(&mut self) {
        let event = EpollEvent::new(self.interest, black_box(0));
        self.epoll.add(&self.stage.spare, event).expect("not registered");
        self.epoll.delete(&self.stage.spare).expect("registered");
    }
}

/// polling: an epoll of its own, with a timer and a notifier in it.
pub struct Polling<'a> {
    stage: &'a Stage,
    poller: Poller,
    events: polling::Events,
    mode: PollMode,
}

impl<'a> Polling<'a> {
    pub fn new(stage: &'a Stage) -> io::Result<Self> {
        let poller = Poller::new()?;
        let mode = if stage.edge { PollMode::Edge } else { PollMode::Level };
        for (i, source) in stage.sources.iter().enumerate() {
            // SAFETY: the stage, and so the source, outlives this poller.
            unsafe { poller.add_with_mode(source, polling::Event::readable(i), mode)? };
        }
        let room = NonZeroUsize::new(stage.sources.len()).expect("at least one source");
        Ok(Self { stage, poller, events: polling::Events::with_capacity(room), mode })
    }
}

impl Caller for Polling<'_> {
    fn wait(&mut self) {
        self.events.clear();
        let ready = self.poller.wait(&mut self.events, Some(Duration::ZERO)).unwrap_or_else(failed);
        assert_eq!(ready, self.stage.sources.len());
    }

    fn modify(&mut self) {
        let event = polling::Event::readable(black_box(0));
        self.poller
            .modify_with_mode(&self.stage.sources[0], event, self.mode)
            .unwrap_or_else(failed);
    }

    fn add_delete(&mut self) {
        let event = polling::Event::readable(black_box(0));
        // SAFETY: deleted below, long before it is closed.
        unsafe { self.poller.add_with_mode(&self.stage.spare, event, self.mode) }
            .unwrap_or_else(failed);
        self.poller.delete(&self.stage.spare).unwrap_or_else(failed);
    }
}

/// mio: an epoll of its own, edge-triggered.
pub struct Mio<'a> {
    stage: &'a Stage,
    poll: mio::Poll,
    events: mio::Events,
}

impl<'a> Mio<'a> {
    pub fn new(stage: &'a Stage) -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        for (i, source) in stage.sources.iter().enumerate() {
            let fd = source.as_raw_fd();
            poll.registry().register(&mut SourceFd(&fd), Token(i), Interest::READABLE)?;
        }
        Ok(Self { stage, poll, events: mio::Events::with_capacity(stage.sources.len()) })
    }
}

impl Caller for Mio<'_> {
    fn wait(&mut self) {
        self.poll.poll(&mut self.events, Some(Duration::ZERO)).unwrap_or_else(failed);
        assert_eq!(self.events.iter().count(), self.stage.sources.len());
    }

    fn modify(&mut self) {
        let fd = self.stage.sources[0].as_raw_fd();
        let mut source = SourceFd(&fd);
        self.poll
            .registry()
            .reregister(&mut source, Token(black_box(0)), Interest::READABLE)
            .unwrap_or_else(failed);
    }

    fn add_delete(&mut self) {
        let fd = self.stage.spare.as_raw_fd();
        let registry = self.poll.registry();
        registry
            .register(&mut SourceFd(&fd), Token(black_box(0)), Interest::READABLE)
            .unwrap_or_else(failed);
        registry.deregister(&mut SourceFd(&fd)).unwrap_or_else(failed);
    }
}
