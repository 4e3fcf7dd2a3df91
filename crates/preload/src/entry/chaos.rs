//! Where the hooks ask what is to become of a call under `epshim chaos`, and say what became of it
//! (`hooks/chaos.h`).
//!
//! Surprising: a call from a signal handler that interrupts the book-keeping is made as it is. An `epoll_ctl` of
//! such a handler is not written down, and so the descriptor is left alone from then on.

use crate::books::slots::known;
use crate::chaos::books::{At, Books, with};
use crate::chaos::fate::Fate;
use crate::chaos::known::Registration;
use crate::chaos::{accepts, connects, idle, limit, registrations, stream, wait};
use crate::entry::event;
use crate::entry::guard::{guarded, record};
use crate::life::monitor;
use crate::runtime::thread::Own;
use crate::runtime::watched;
use epshim_observe::fault::Fault;
use epshim_observe::{ADD, DEL};
use libc::{c_int, c_void, epoll_event, ssize_t};

/// `struct chaos` of the hooks.
#[derive(Debug)]
#[repr(C)]
pub struct Chaos {
    asked: u64,
    room: u64,
    error: c_int,
    lost: c_int,
    fault: u64,
    gives: u64,
    signal: c_int,
}

impl Chaos {
    fn set(&mut self, fate: Fate) {
        self.room = fate.room.unwrap_or(self.room);
        (self.error, self.lost, self.gives) = (fate.error, fate.lost, fate.gives);
        self.signal = fate.signal;
        self.fault = fate.fault.map_or(0, |fault| fault as u64 + 1);
    }

    fn fate(&self) -> Fate {
        let number = self.fault.checked_sub(1);
        let fault = number.and_then(|number| Fault::of_number(u8::try_from(number).ok()?));
        let Self { error, lost, signal, gives, .. } = *self;
        Fate { room: None, error, lost, signal, fault, gives }
    }

    fn at(&self, fd: c_int, site: *const c_void) -> At {
        At { fd, site: site.addr(), asked: self.asked }
    }
}

/// Uses the books, where there is chaos and nothing of this thread's is under way.
fn chaotic(work: impl FnOnce(&mut Books)) {
    if watched::is_chaos() {
        record(|| {
            limit::raise_when_due();
            with(work);
        });
    }
}

pub extern "C" fn input(chaos: &mut Chaos, fd: c_int, flags: c_int, site: *const c_void) {
    moves(chaos, fd, flags, site, false);
}

pub extern "C" fn output(chaos: &mut Chaos, fd: c_int, flags: c_int, site: *const c_void) {
    moves(chaos, fd, flags, site, true);
}

fn moves(chaos: &mut Chaos, fd: c_int, flags: c_int, site: *const c_void, is_output: bool) {
    let at = chaos.at(fd, site);
    if at.asked > 0 && !idle::has_seen(at.site) && known(fd).is_some() {
        chaotic(|books| chaos.set(stream::begins(books, at, flags, is_output)));
    }
}

pub extern "C" fn moved(
    chaos: &Chaos,
    fd: c_int,
    is_output: bool,
    got: ssize_t,
    site: *const c_void,
) {
    if idle::is_idle() {
        return idle::moves(u64::try_from(got).unwrap_or(0));
    }
    if chaos.error == 0 && known(fd).is_some() {
        let (at, fate, room) = (chaos.at(fd, site), chaos.fate(), chaos.room);
        chaotic(|books| stream::ended(books, at, is_output, room, got as i64, fate));
    }
}

pub extern "C" fn accept(chaos: &mut Chaos, fd: c_int, site: *const c_void) {
    let at = chaos.at(fd, site);
    if !idle::has_seen(at.site) && known(fd).is_some() {
        chaotic(|books| chaos.set(accepts::begins(books, at)));
    }
}

pub extern "C" fn accepted(chaos: &Chaos, fd: c_int, got: c_int, _site: *const c_void) {
    if idle::is_idle() {
        return idle::moves(u64::from(got >= 0));
    }
    let fate = chaos.fate();
    if fate.fault == Some(Fault::DescriptorsExhausted) {
        record(|| {
            limit::lasts(fate.gives);
            monitor::wake_by(limit::due().unwrap_or(0));
        });
    }
    if got < 0 && Own::current().errno() == libc::EMFILE {
        limit::was_reached();
    }
    if got >= 0 && known(fd).is_some() {
        let is_lost = chaos.lost != 0;
        chaotic(|books| accepts::ended(books, fd, got, is_lost));
    }
}

pub extern "C" fn wait(chaos: &mut Chaos, epfd: c_int, timeout: i64, site: *const c_void) {
    let at = chaos.at(epfd, site);
    if idle::has_seen(at.site) {
        return;
    }
    let mut late = 0;
    chaotic(|books| {
        let (fate, microseconds) = wait::begins(books, at, timeout);
        late = microseconds;
        chaos.set(fate);
    });
    if late > 0 {
        record(|| wait::sleep(late));
    }
}

pub extern "C" fn waited(
    chaos: &Chaos,
    epfd: c_int,
    events: *mut epoll_event,
    count: c_int,
    site: *const c_void,
) -> c_int {
    wait::returned();
    if idle::is_idle() {
        return count;
    }
    let mut result = count;
    let delivered = usize::try_from(count).ok().filter(|_| chaos.error == 0);
    let Some(mut count) = delivered else { return result };
    let at = chaos.at(epfd, site);
    chaotic(|books| {
        // SAFETY: the kernel has written `count` events there, and no other code has the array before the
        // program's wait returns.
        let delivered = |place: usize| unsafe { event::read(events.add(place)) };
        let all: Vec<_> = (0..count).map(delivered).map(|(bits, data, _)| (bits, data)).collect();
        let put = |bits, data| event::put(events.wrapping_add(count), bits, data);
        if wait::deceives(books, at, &all, put).is_some() {
            count += 1;
            result += 1;
        }
        let drawn = wait::ended(books, at, &all);
        if let Some(drawn) = drawn {
            // SAFETY: as above.
            let old: Vec<epoll_event> =
                (0..count).map(|place| unsafe { events.add(place).read_unaligned() }).collect();
            for (to, from) in wait::order(count, drawn).into_iter().enumerate() {
                // SAFETY: as above.
                unsafe { events.add(to).write_unaligned(old[from]) };
            }
        }
    });
    result
}

unsafe extern "C" {
    /// The next `epoll_ctl`; an error below 0.
    fn epshim_next_epoll_ctl(epfd: c_int, op: c_int, fd: c_int, event: *mut epoll_event) -> c_int;
}

pub extern "C" fn ctl(
    epfd: c_int,
    op: c_int,
    fd: c_int,
    event: *mut epoll_event,
    site: *const c_void,
    result: &mut c_int,
) -> bool {
    let mut is_made = false;
    chaotic(|books| {
        is_made = true;
        let at = At { fd, site: site.addr(), asked: 1 };
        if op == ADD && registrations::adds(books, at) {
            *result = -libc::ENOSPC;
            return;
        }
        // SAFETY: the program's call, with its arguments, as libc's function takes them.
        *result = unsafe { epshim_next_epoll_ctl(epfd, op, fd, event) };
        if *result == 0 {
            let (events, data) = match op {
                DEL => (0, 0),
                _ => {
                    // SAFETY: the kernel has just read it (fs/eventpoll.c, SYSCALL epoll_ctl).
                    let (events, data, _) = unsafe { event::read(event) };
                    (events, data)
                }
            };
            let generation = books.epoll(epfd).generation;
            let registration = Registration { epfd, generation, events, data };
            registrations::changed(books, op, fd, registration);
        }
    });
    is_made
}

pub extern "C" fn counted(fd: c_int) {
    chaotic(|books| {
        if let Some(known) = books.known(fd) {
            known.was_counted = true;
        }
    });
}

pub extern "C" fn connect(chaos: &mut Chaos, fd: c_int, site: *const c_void) {
    let at = chaos.at(fd, site);
    let family = chaos.gives;
    chaotic(|books| chaos.set(connects::begins(books, at, family)));
}

pub extern "C" fn connected(chaos: &Chaos, fd: c_int, errno: c_int) -> bool {
    let mut is_told = false;
    guarded(|| is_told = connects::ended(fd, chaos.fate(), errno));
    is_told
}
