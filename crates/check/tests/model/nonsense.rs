//! Observations that contradict each other, as a watcher may make them that misses calls, sees them
//! out of order, or has a damaged memory: no panic, and the clock may run backwards.

use epshim_check::ports::{Descriptor, Descriptors, Kernel, Kind, Listed, Site};
use epshim_check::{AtFailure, Checker, Ctl, Io};
use proptest::prelude::*;

/// Whatever is asked, the next number of a list is behind the answer.
struct Noise(std::cell::Cell<u64>);

impl Noise {
    /// xorshift64 (Marsaglia, "Xorshift RNGs").
    fn next(&self) -> u64 {
        let mut state = self.0.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.set(state);
        state
    }

    fn kind(&self) -> Kind {
        let kinds = [
            Kind::Unknown,
            Kind::Stream,
            Kind::Listener,
            Kind::Datagram,
            Kind::Pipe,
            Kind::Counter,
            Kind::Queue,
            Kind::Epoll,
        ];
        kinds[self.next() as usize % kinds.len()]
    }
}

impl Descriptors for Noise {
    fn state(&self, _: i32) -> (u32, Io) {
        (self.next() as u32 % 2, Io::from_bits(self.next()))
    }

    fn get(&self, _: i32) -> Descriptor {
        let (generation, io) = self.state(0);
        let site = Site(self.next() % 3);
        let error = self.next() as i32 % 133;
        let at = Descriptor { read: site, written: site, closed: site, ..Descriptor::default() };
        Descriptor { generation, io, error, duplicated: site, ..at }
    }

    fn kind(&self, _: i32) -> Kind {
        self.kind()
    }

    fn may_block(&self, _: i32) -> bool {
        self.next() % 2 == 0
    }

    fn is_room_awaited(&self, _: i32) -> bool {
        self.next() % 2 == 0
    }

    fn hung_up(&self, _: i32) {}
}

impl Kernel for Noise {
    fn registrations(&mut self, _: i32) -> Option<Vec<Listed>> {
        let listed = |_| Listed {
            fd: fd(self.next()),
            events: self.next() as u32,
            data: self.next() % 4,
            file: (self.next() % 3, 1),
        };
        (self.next() % 4 != 0).then(|| (0..self.next() % 5).map(listed).collect())
    }

    fn readiness(&mut self, _: i32, _: u32) -> Option<u32> {
        (self.next() % 4 != 0).then(|| self.next() as u32)
    }

    fn unread(&mut self, _: i32) -> Option<u64> {
        (self.next() % 2 == 0).then(|| self.next())
    }

    fn traffic(&mut self, _: i32) -> u64 {
        self.next() % 2
    }

    fn file(&mut self, _: i32) -> Option<(u64, u64)> {
        (self.next() % 2 == 0).then(|| (self.next() % 3, 1))
    }

    fn keeper(&mut self, _: i32, _: &Listed) -> Option<i32> {
        (self.next() % 2 == 0).then(|| fd(self.next()))
    }

    fn has_both_ends(&mut self, _: i32) -> bool {
        self.next() % 2 == 0
    }

    fn is_alive(&mut self, _: i32) -> bool {
        self.next() % 2 == 0
    }

    fn is_on_its_way(&mut self, _: i32) -> bool {
        self.next() % 2 == 0
    }

    fn was_closed(&mut self, _: i32) -> bool {
        self.next() % 4 == 0
    }
}

/// Mostly a few numbers, now and then one that cannot be.
fn fd(random: u64) -> i32 {
    match random % 16 {
        0 => -1,
        1 => i32::MIN,
        2 => i32::MAX,
        few => (few % 6) as i32,
    }
}

fn observe(checker: &mut Checker, noise: &mut Noise) {
    let r = noise.next();
    let (tid, one, two) = (fd(noise.next()), fd(noise.next()), fd(noise.next()));
    let now = match noise.next() % 8 {
        0 => 0,
        1 => u64::MAX,
        2 => noise.next(),
        _ => r % 10_000_000_000,
    };
    let site = Site(noise.next() % 4);
    let events = noise.next() as u32;
    let op = (noise.next() % 5) as i32;
    let padding = (r % 3 == 0).then_some(noise.next() as u32 % 8);
    let ctl = Ctl { epfd: one, op, fd: two, events, data: noise.next() % 4, padding, site };
    let errno = [1, 2, 4, 9, 17, 22, 40][noise.next() as usize % 7];
    let epfd = [None, Some(true), Some(false)][noise.next() as usize % 3];
    let at = AtFailure {
        errno,
        epfd,
        fd_is_open: r % 2 == 0,
        unread: (r % 3 == 0).then_some(u64::from(r as u8)),
    };
    match noise.next() % 20 {
        0..4 => checker.ctl(tid, now, ctl, noise),
        4 => checker.ctl_failed(tid, now, ctl, at, noise),
        5..8 => checker.wait_begins(tid, now, one, noise.next() as i64 % 9, site, noise),
        8..12 => {
            let all: Vec<_> = (0..r % 4).map(|_| (noise.next() as u32, noise.next() % 5)).collect();
            checker.wait_ended(tid, now, all.into_iter(), noise);
        }
        12 => checker.wait_failed(tid, now, at, noise),
        13 => checker.created(one, site, noise),
        14 => checker.duplicated(one, two, noise),
        15 => match r % 4 {
            0 => checker.thread_ended(tid),
            1 if r % 64 == 1 => checker.forked(),
            1 => checker.finish(now, noise),
            2 => checker.shared(tid, now, one, two, site),
            _ => checker.epoll_closed(tid, now, one, site),
        },
        16 => checker.unwritten(tid, now, two, noise),
        17 => checker.blocked(tid, now, two, "read", noise.next(), r % 2 == 0, site),
        18 => {
            let bytes = noise.next();
            checker.closed_unread(tid, now, two, bytes, site, noise);
        }
        _ => {
            for suspicion in checker.due(now, noise) {
                let asked = suspicion.asked();
                let verdict = suspicion.confirm(now, noise);
                checker.settle(verdict, asked, noise.next(), noise);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_does_no_harm(seed in 1..u64::MAX) {
        let mut noise = Noise(std::cell::Cell::new(seed));
        let mut checker = Checker::default();
        for _ in 0..2000 {
            observe(&mut checker, &mut noise);
            let _ = (checker.next_due(), checker.unknown_deliveries(), checker.registrations());
        }
    }
}
