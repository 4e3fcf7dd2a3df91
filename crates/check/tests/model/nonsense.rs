//! Observations that contradict each other, as a watcher may make them that misses calls, sees them
//! out of order, or has a damaged memory: no panic, and the clock may run backwards.

use epshim_check::Checker;
use epshim_observe::{AtFailure, Call, Delivery, Io, Observation, What};
use epshim_observe::{Descriptor, Descriptors, Kernel, Kind, Listed, Site};
use proptest::prelude::*;

/// Answers every question from the next number of a list.
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

    fn tell_reads(&self, _: i32, _: bool) {}

    fn in_batch(&self, _: i32, _: i32) {}
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

    fn processor_time(&mut self, _: i32) -> Option<u64> {
        (self.next() % 4 != 0).then(|| self.next())
    }

    fn holder(&mut self, _: u64) -> Option<(i32, i32)> {
        None
    }

    fn deaf(&mut self, _: i32) -> Option<(i32, u64)> {
        (self.next() % 4 == 0).then(|| (fd(self.next()), self.next()))
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
    let data = noise.next() % 4;
    let errno = [1, 2, 4, 9, 17, 22, 40][noise.next() as usize % 7];
    let epfd = [None, Some(true), Some(false)][noise.next() as usize % 3];
    let at = AtFailure {
        errno,
        epfd,
        fd_is_open: r % 2 == 0,
        unread: (r % 3 == 0).then_some(u64::from(r as u8)),
    };
    let ctl = |errno, at| {
        let (epfd, fd) = (one, two);
        What::Ctl { op, epfd, fd, events, data, padding, errno, at }
    };
    let what = match noise.next() % 20 {
        0..4 => ctl(0, None),
        4 => ctl(errno, Some(at)),
        5..8 => What::Wait { epfd: one, timeout: noise.next() as i64 % 9 },
        8..12 => {
            let one = || Delivery { events: noise.next() as u32, data: noise.next() % 5 };
            What::Got { deliveries: (0..r % 4).map(|_| one()).collect() }
        }
        12 => What::WaitFailed { errno, at: Some(at) },
        13 => What::Create { epfd: one },
        14 => What::Dup { from: one, to: two },
        15 => match r % 4 {
            0 => What::ThreadEnds,
            1 if r % 64 == 1 => What::Fork { parent: 0 },
            1 => What::Finish,
            2 => What::Shared { epfd: one, other: two },
            _ => What::Close { fd: one, unread: None },
        },
        16 => What::Unwritten { fd: two },
        17 => {
            let (call, nanos, is_over) = (Call::Read, noise.next(), r % 2 == 0);
            What::Blocked { fd: two, call, nanos, is_over }
        }
        18 => What::Close { fd: two, unread: Some(noise.next()) },
        _ => {
            for suspicion in checker.due(now, noise) {
                let verdict = suspicion.confirm(now, noise);
                checker.settle(verdict, noise.next(), noise);
            }
            return;
        }
    };
    checker.observe(&Observation { at: now, pid: 0, tid, site, what }, noise);
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
