//! What the model costs: memory per registration, none per delivery, and a bound on what an endless
//! program makes it keep. Times are printed, not tested: `cargo test --release -p epshim-check --test
//! cost -- --nocapture`.

use epshim_check::Checker;
use epshim_observe::bits::{ET, IN, ONESHOT, OUT};
use epshim_observe::{ADD, AtFailure, Delivery, Io, Observation, Outcome, What};
use epshim_observe::{Descriptor, Descriptors, Kind, SECOND, Site};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::time::Instant;

thread_local! {
    /// What this thread has allocated: bytes that are in use, and calls.
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

fn count(bytes: isize) {
    // Not while the thread ends: nothing is measured then.
    let _ = IN_USE.try_with(|in_use| in_use.set(in_use.get() + bytes));
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator as it came; the counting uses
// thread-local cells that need no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps to the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: likewise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn in_use() -> isize {
    IN_USE.with(Cell::get)
}

/// Descriptors in a table, as the preload library keeps them.
struct Table(Vec<Cell<(u32, Io)>>);

impl Table {
    fn new(size: usize) -> Self {
        Self(vec![Cell::default(); size])
    }

    fn close(&self, fd: i32) {
        let (generation, _) = self.0[fd as usize].get();
        self.0[fd as usize].set((generation + 1, Io::default()));
    }

    fn read(&self, fd: i32, outcome: Outcome) {
        let (generation, io) = self.0[fd as usize].get();
        self.0[fd as usize].set((generation, io.after_input(outcome)));
    }
}

impl Descriptors for Table {
    fn state(&self, fd: i32) -> (u32, Io) {
        self.0.get(fd as usize).map_or_else(Default::default, Cell::get)
    }

    fn get(&self, fd: i32) -> Descriptor {
        let (generation, io) = self.state(fd);
        Descriptor { generation, io, ..Descriptor::default() }
    }

    fn kind(&self, _: i32) -> Kind {
        Kind::Stream
    }

    fn may_block(&self, _: i32) -> bool {
        false
    }

    fn is_room_awaited(&self, _: i32) -> bool {
        false
    }

    fn hung_up(&self, _: i32) {}

    fn tell_reads(&self, _: i32, _: bool) {}

    fn in_batch(&self, _: i32, _: i32) {}
}

fn data(fd: i32) -> u64 {
    0x7f00_0000_0000 + 320 * fd as u64
}

fn add(fd: i32, events: u32) -> What<'static> {
    let (data, padding) = (data(fd), None);
    What::Ctl { op: ADD, epfd: 3, fd, events, data, padding, errno: 0, at: None }
}

fn see(checker: &mut Checker, table: &Table, tid: i32, at: u64, site: u64, what: What<'_>) {
    checker.observe(&Observation { at, pid: 0, tid, site: Site(site), what }, table);
}

fn filled(registrations: i32, events: u32, table: &Table) -> Checker {
    let mut checker = Checker::default();
    see(&mut checker, table, 1, 0, 1, What::Create { epfd: 3 });
    for fd in 10..10 + registrations {
        see(&mut checker, table, 1, 0, 7, add(fd, events));
    }
    checker
}

#[test]
fn a_registration_takes_less_than_its_share_of_256_bytes() {
    // The slot of the preload library takes 64 of them.
    const MOST: isize = 256 - 64;
    for registrations in [1_000, 10_000, 14_400, 60_000, 115_000, 200_000] {
        let table = Table::new(registrations as usize + 10);
        let before = in_use();
        let checker = filled(registrations, IN, &table);
        let each = (in_use() - before) / registrations as isize;
        println!("{registrations} registrations: {each} bytes each");
        assert_eq!(checker.registrations(), registrations as usize);
        assert!(each <= MOST, "{each} bytes each of {registrations}");
    }
}

/// Delivers `rounds` batches of 64 of 1,000 registrations, each read to the end; nanoseconds for one round.
fn deliver(checker: &mut Checker, table: &Table, rounds: u64, now: &mut u64) -> f64 {
    let began = Instant::now();
    let mut spent = 0;
    for round in 0..rounds {
        let fds = (0..64).map(|nth| 10 + ((round * 64 + nth) % 1000) as i32);
        let batch: [Delivery; 64] = std::array::from_fn(|nth| {
            let data = data(10 + ((round * 64 + nth as u64) % 1000) as i32);
            Delivery { events: IN, data }
        });
        *now += 10_000;
        see(checker, table, 1, *now, 9, What::Wait { epfd: 3, timeout: -1 });
        see(checker, table, 1, *now, 9, What::Got { deliveries: (&batch[..]).into() });
        let reading = Instant::now();
        for fd in fds {
            table.read(fd, Outcome::Moved { bytes: 3, asked: 8 });
        }
        spent += reading.elapsed().as_nanos();
    }
    (began.elapsed().as_nanos() - spent) as f64 / (rounds * 64) as f64
}

#[test]
fn a_delivery_allocates_nothing() {
    for (name, events) in [("level", IN), ("edge", IN | OUT | ET), ("one-shot", IN | ONESHOT)] {
        let table = Table::new(1010);
        let mut checker = filled(1000, events, &table);
        let mut now = SECOND;
        // The first time around, one-shots are suspected and lists grow.
        deliver(&mut checker, &table, 100, &mut now);
        let before = CALLS.with(Cell::get);
        deliver(&mut checker, &table, 2000, &mut now);
        assert_eq!(CALLS.with(Cell::get), before, "{name}");
        let each = (0..5).map(|_| deliver(&mut checker, &table, 2000, &mut now));
        println!("{name}: {:.1} ns a delivery", each.fold(f64::MAX, f64::min));
    }
}

/// A program that never ends: new threads, epolls, connections and failures all the time, few of
/// which it closes. The monitor never asks what is due.
#[test]
fn an_endless_program_takes_no_more_than_a_mebibyte() {
    let table = Table::new(5000);
    let mut checker = Checker::default();
    let before = in_use();
    let mut most = 0;
    for n in 0..200_000_u64 {
        let (tid, now) = (n as i32, n * 1000);
        let fd = 10 + (n % 4000) as i32;
        let epfd = 3 + (n % 3) as i32;
        table.close(fd);
        if n % 50 == 0 {
            table.close(epfd);
            see(&mut checker, &table, tid, now, n, What::Create { epfd });
        }
        let ctl = |errno| {
            let failure = AtFailure { errno, epfd: Some(true), fd_is_open: true, unread: None };
            let (events, data, at) = (IN | ET, n, Some(failure).filter(|_| errno != 0));
            What::Ctl { op: ADD, epfd, fd, events, data, padding: None, errno, at }
        };
        see(&mut checker, &table, tid, now, 7, ctl(0));
        see(&mut checker, &table, tid, now, n, ctl(17));
        see(&mut checker, &table, tid, now, n, What::Wait { epfd, timeout: -1 });
        let got = [n, n / 2].map(|data| Delivery { events: IN, data });
        see(&mut checker, &table, tid, now, n, What::Got { deliveries: (&got[..]).into() });
        table.read(fd, Outcome::Moved { bytes: 8, asked: 8 });
        see(&mut checker, &table, tid, now, n, What::Wait { epfd, timeout: -1 });
        most = most.max(in_use() - before);
    }
    let dropped: Vec<_> = checker.dropped_suspicions().collect();
    println!("at most {most} bytes, suspicions dropped: {dropped:?}");
    assert!(most < 1 << 20, "{most} bytes");
    assert!(!dropped.is_empty());
}

/// Connections closed without EPOLL_CTL_DEL do not pile up, under the same numbers or new ones.
#[test]
fn closed_registrations_make_room_for_new_ones() {
    let table = Table::new(100_010);
    let mut checker = Checker::default();
    see(&mut checker, &table, 1, 0, 1, What::Create { epfd: 3 });
    let before = in_use();
    let open = RefCell::new(std::collections::VecDeque::new());
    for fd in 10..100_010 {
        see(&mut checker, &table, 1, 0, 7, add(fd, IN));
        open.borrow_mut().push_back(fd);
        if open.borrow().len() > 100 {
            let closed = open.borrow_mut().pop_front();
            table.close(closed.expect("there are some"));
        }
    }
    let bytes = in_use() - before;
    assert!(checker.registrations() < 1000, "{}", checker.registrations());
    assert!(bytes < 200_000, "{bytes} bytes");
}
