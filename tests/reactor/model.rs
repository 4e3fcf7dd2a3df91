//! Long random runs against a model of what each registration may and must be told.
//!
//! Everything is done at random, outside of rounds and in turns: registrations come and go (their
//! descriptors' numbers are used again at once), in all three modes; bytes arrive and are read or
//! left; interests change and change back; timers are set, put off and taken away; turns are asked
//! for. The model knows, for each key, what a turn may say, and after each round who had to have
//! one. A failure names the seed.

use super::*;
use std::collections::HashMap;
use std::time::Instant;

/// The most registrations: fewer than a batch holds, so that each round reports all.
const MOST: usize = 60;
const MODES: [EventFlags; 3] = [EventFlags::empty(), EventFlags::ET, EventFlags::ONESHOT];

/// What is known of a registration.
struct Known {
    /// The other end; none for a registration without a source.
    peer: Option<UnixStream>,
    mode: EventFlags,
    /// Whether it is asked to be told of bytes.
    wants: bool,
    unread: usize,
    /// One-shot: armed. Edge: something has happened since it was last told.
    news: bool,
    /// The same, from the next round on.
    news_later: bool,
    /// Whether it asked for a turn in the next round, and in this one.
    again: bool,
    again_now: bool,
    /// Whether its timer is set; the deadline has always passed when a round begins.
    timer: bool,
    /// Changed in this round, so that it need not have had the turn it was due.
    touched: bool,
    turns: usize,
    timer_turns: usize,
}

impl Known {
    fn new(peer: Option<UnixStream>, mode: EventFlags) -> Self {
        let has_source = peer.is_some();
        Self {
            peer,
            mode,
            wants: has_source,
            unread: 0,
            news: true,
            news_later: false,
            again: false,
            again_now: false,
            timer: !has_source,
            touched: true,
            turns: 0,
            timer_turns: 0,
        }
    }

    /// A round begins: whether it must be told of bytes, and have another turn, and a timer's.
    fn begin_round(&mut self) -> (bool, bool, bool) {
        self.news |= std::mem::take(&mut self.news_later);
        self.again_now = std::mem::take(&mut self.again);
        (self.touched, self.turns, self.timer_turns) = (false, 0, 0);
        (self.wants && self.unread > 0 && self.is_news(), self.again_now, self.timer)
    }

    fn is_news(&self) -> bool {
        self.mode.is_empty() || self.news
    }

    fn interest(&self) -> EventFlags {
        if self.wants { EventFlags::IN | self.mode } else { self.mode }
    }
}

struct World {
    random: u64,
    known: HashMap<Key, Known>,
    /// In a fixed order, so that a seed always means the same run.
    keys: Vec<Key>,
    /// Keys of registrations that have ended.
    ended: Vec<Key>,
    /// Whether rounds shall have a turn at their end, and how many had one.
    wants_end: bool,
    ends: usize,
}

impl World {
    fn below(&mut self, limit: usize) -> usize {
        // Xorshift; any generator will do.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % limit
    }

    fn pick(&mut self) -> Option<Key> {
        if self.keys.is_empty() {
            return None;
        }
        let which = self.below(self.keys.len());
        Some(self.keys[which])
    }

    fn act(&mut self, reactor: &mut Reactor<UnixStream>) {
        let what = self.below(12);
        if what == 0 && self.keys.len() < MOST {
            return self.add(reactor);
        }
        let Some(key) = self.pick() else { return };
        let known = self.known.get_mut(&key).unwrap();
        match what {
            1 if self.keys.len() > 3 => self.remove(reactor, key),
            4..8 if known.peer.is_none() => {
                assert_eq!(errno(reactor.modify(key, EventFlags::IN)), libc::EINVAL);
            }
            2 | 3 => {
                if let Some(peer) = &mut known.peer {
                    peer.write_all(b"x").unwrap();
                    known.unread += 1;
                    known.news_later |= known.mode == EventFlags::ET;
                }
            }
            4 | 5 => {
                known.wants = what == 4;
                known.news_later = true;
                known.touched = true;
                reactor.modify(key, known.interest()).unwrap();
            }
            // Changed and changed back.
            6 => {
                known.news_later = true;
                known.touched = true;
                reactor.modify(key, EventFlags::PRI).unwrap();
                reactor.modify(key, known.interest()).unwrap();
            }
            7 => {
                assert_eq!(drain(reactor, key), known.unread);
                known.unread = 0;
                known.touched = true;
            }
            8 => {
                reactor.again(key, EventFlags::PRI).unwrap();
                known.again = true;
            }
            9 => {
                reactor.set_timer(key, Some(Instant::now())).unwrap();
                known.timer = true;
                known.touched = true;
            }
            10 => {
                reactor.set_timer(key, None).unwrap();
                known.timer = false;
                known.touched = true;
            }
            11 => self.misuse(reactor),
            _ => {}
        }
    }

    fn add(&mut self, reactor: &mut Reactor<UnixStream>) {
        let mode = MODES[self.below(3)];
        let (key, known) = if self.below(8) == 0 {
            (reactor.add_timer(Instant::now()).unwrap(), Known::new(None, EventFlags::empty()))
        } else {
            let (key, peer) = super::add(reactor, EventFlags::IN | mode);
            (key, Known::new(Some(peer), mode))
        };
        assert!(self.known.insert(key, known).is_none(), "{key:?} was given out twice");
        self.keys.push(key);
    }

    fn remove(&mut self, reactor: &mut Reactor<UnixStream>, key: Key) {
        let known = self.known.remove(&key).unwrap();
        assert_eq!(reactor.remove(key).is_some(), known.peer.is_some());
        self.keys.retain(|other| *other != key);
        self.ended.push(key);
    }

    fn misuse(&mut self, reactor: &mut Reactor<UnixStream>) {
        if self.ended.is_empty() {
            return;
        }
        let which = self.below(self.ended.len());
        let key = self.ended[which];
        assert!(reactor.get(key).is_none());
        assert!(reactor.remove(key).is_none());
        assert_eq!(errno(reactor.modify(key, EventFlags::IN)), libc::ENOENT);
        assert_eq!(errno(reactor.again(key, EventFlags::IN)), libc::ENOENT);
        assert_eq!(errno(reactor.set_timer(key, Some(Instant::now()))), libc::ENOENT);
    }

    fn turn(&mut self, reactor: &mut Reactor<UnixStream>, turn: Turn) {
        match turn {
            Turn::Ready { key, flags } => {
                let known = self.known.get_mut(&key).expect("only who is there has a turn");
                let told = flags.contains(EventFlags::IN);
                let asked = flags.contains(EventFlags::PRI);
                assert!((told || asked) && (EventFlags::IN | EventFlags::PRI).contains(flags));
                let unread = known.unread > 0 || known.touched;
                assert!(!told || known.wants && unread, "{turn:?}: nothing to read");
                assert!(!told || known.is_news(), "{turn:?}: told before");
                assert!(!asked || known.again_now, "{turn:?}: not asked for");
                known.news &= !told;
                known.turns += 1;
                assert_eq!(known.turns, 1, "{turn:?} twice in a round");
            }
            Turn::Timer(key) => {
                let known = self.known.get_mut(&key).expect("only who is there has a turn");
                assert!(known.timer, "{turn:?} is not set");
                known.timer = false;
                known.timer_turns += 1;
                assert_eq!(known.timer_turns, 1, "{turn:?} twice in a round");
            }
            Turn::Wake => panic!("no wake-up was sent"),
            Turn::RoundEnd => self.ends += 1,
        }
        for _ in 0..self.below(4) {
            self.act(reactor);
        }
    }

    fn round(&mut self, reactor: &mut Reactor<UnixStream>) {
        self.wants_end = self.below(2) == 0;
        reactor.set_round_end(self.wants_end);
        let mut due = Vec::new();
        for key in &self.keys {
            let (told, again, timer) = self.known.get_mut(key).unwrap().begin_round();
            due.push((*key, told, again, timer));
        }
        let (mut turns, ends) = (Vec::new(), self.ends);
        let given = reactor.run_once(NOW, |reactor, turn| {
            turns.push(turn);
            self.turn(reactor, turn);
        });
        assert_eq!(given.unwrap(), turns.len());
        let has_end = turns.last() == Some(&Turn::RoundEnd);
        assert_eq!(has_end, self.wants_end && !turns.is_empty(), "{turns:?}");
        assert_eq!(self.ends - ends, usize::from(has_end), "{turns:?}");
        assert_ne!(turns, [Turn::RoundEnd]);
        for (key, told, again, timer) in due {
            let Some(known) = self.known.get(&key) else { continue };
            assert!(!again || known.turns == 1, "{key:?} asked for a turn and had none");
            if !known.touched {
                assert!(!told || known.turns == 1, "{key:?} was not told of its bytes");
                assert!(!timer || known.timer_turns == 1, "{key:?}: its timer did not expire");
            }
        }
    }
}

fn run(seed: u64) {
    let mut reactor = Reactor::new().unwrap();
    let random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut world = World {
        random,
        known: HashMap::new(),
        keys: Vec::new(),
        ended: Vec::new(),
        wants_end: false,
        ends: 0,
    };
    for _ in 0..300 {
        for _ in 0..world.below(8) {
            world.act(&mut reactor);
        }
        world.round(&mut reactor);
        assert_eq!(reactor.len(), world.keys.len());
    }
}

#[test]
fn random_runs_agree_with_the_model() {
    let only = std::env::var("EPSHIM_REACTOR_SEED").ok().map(|seed| seed.parse().unwrap());
    let seeds = only.map_or(1..=40, |seed: u64| seed..=seed);
    for seed in seeds {
        let run = || run(seed);
        if let Err(panic) = std::panic::catch_unwind(run) {
            eprintln!("the seed was {seed}: EPSHIM_REACTOR_SEED={seed} runs it alone");
            std::panic::resume_unwind(panic);
        }
    }
}
