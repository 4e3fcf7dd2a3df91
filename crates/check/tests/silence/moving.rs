//! A kernel that changes between two questions: another thread closes, opens and registers while the
//! checker asks. What two answers have put together must not be called certain.

use super::kernel::{found, see};
use epshim_check::{Certainty, Checker, Rule};
use epshim_observe::bits::{ET, IN};
use epshim_observe::{ADD, Delivery, Io, Outcome, What};
use epshim_observe::{Descriptor, Descriptors, Fd, Kernel, Kind, Listed, SECOND, Site, Tid};
use std::cell::Cell;
use std::collections::HashMap;

const EPFD: Fd = 3;
const FD: Fd = 5;
/// The closed connection, and those that had its number after it.
const OLD: (u64, u64) = (77, 8);
const NEW: (u64, u64) = (78, 8);
const NEXT: (u64, u64) = (79, 8);

/// Descriptors whose generations and counts a test changes.
#[derive(Debug, Default)]
struct Memory {
    generation: Cell<u32>,
    io: Cell<Io>,
}

impl Descriptors for Memory {
    fn state(&self, fd: Fd) -> (u32, Io) {
        if fd == FD { (self.generation.get(), self.io.get()) } else { (0, Io::default()) }
    }

    fn get(&self, fd: Fd) -> Descriptor {
        let (generation, io) = self.state(fd);
        Descriptor { generation, io, closed: Site(13), ..Descriptor::default() }
    }

    fn kind(&self, _: Fd) -> Kind {
        Kind::Stream
    }

    fn may_block(&self, _: Fd) -> bool {
        false
    }

    fn is_room_awaited(&self, _: Fd) -> bool {
        false
    }

    fn hung_up(&self, _: Fd) {}

    fn tell_reads(&self, _: Fd, _: bool) {}

    fn in_batch(&self, _: i32, _: i32) {}
}

/// Answers to the same question in their order, the last one again and again.
#[derive(Debug, Default)]
struct Moving<'a> {
    lists: Vec<Vec<Listed>>,
    files: Vec<Option<(u64, u64)>>,
    polls: HashMap<Fd, Vec<u32>>,
    is_closing: bool,
    keeper: Option<Fd>,
    epoll_file: (u64, u64),
    /// When the epoll is polled the program reads all that is left, once.
    reads: Option<&'a Cell<Io>>,
}

fn next<T: Clone>(answers: &mut Vec<T>) -> Option<T> {
    if answers.len() > 1 { Some(answers.remove(0)) } else { answers.first().cloned() }
}

impl Kernel for Moving<'_> {
    fn registrations(&mut self, _: Fd) -> Option<Vec<Listed>> {
        next(&mut self.lists)
    }

    fn readiness(&mut self, fd: Fd, _: u32) -> Option<u32> {
        if let Some(io) = self.reads.take_if(|_| fd == EPFD) {
            io.set(io.get().after_input(Outcome::Moved { bytes: 3, asked: 8 }));
        }
        next(self.polls.get_mut(&fd)?)
    }

    fn unread(&mut self, _: Fd) -> Option<u64> {
        None
    }

    fn traffic(&mut self, _: Fd) -> u64 {
        0
    }

    fn file(&mut self, fd: Fd) -> Option<(u64, u64)> {
        if fd == EPFD { Some(self.epoll_file) } else { next(&mut self.files).flatten() }
    }

    fn keeper(&mut self, _: Fd, _: &Listed) -> Option<Fd> {
        self.keeper
    }

    fn has_both_ends(&mut self, _: Fd) -> bool {
        false
    }

    fn is_alive(&mut self, _: Tid) -> bool {
        true
    }

    fn is_on_its_way(&mut self, _: Tid) -> bool {
        false
    }

    fn processor_time(&mut self, _: Tid) -> Option<u64> {
        None
    }

    fn holder(&mut self, _: u64) -> Option<(i32, i32)> {
        None
    }

    fn deaf(&mut self, _: Fd) -> Option<(Tid, u64)> {
        None
    }

    fn was_closed(&mut self, fd: Fd) -> bool {
        self.is_closing && fd == FD
    }
}

fn line(file: (u64, u64)) -> Listed {
    Listed { fd: FD, events: IN, data: 5, file }
}

/// An epoll is made, the descriptor added for these events, and waited for.
fn wait_for(events: u32, checker: &mut Checker, memory: &Memory) {
    let (op, epfd, fd, data, padding, errno, at) = (ADD, EPFD, FD, 5, None, 0, None);
    see(checker, memory, 0, 1, What::Create { epfd });
    see(checker, memory, 0, 1, What::Ctl { op, epfd, fd, events, data, padding, errno, at });
    see(checker, memory, 0, 2, What::Wait { epfd, timeout: -1 });
}

fn got() -> What<'static> {
    What::Got { deliveries: vec![Delivery { events: IN, data: 5 }].into() }
}

/// A delivery for a registration whose number was closed, and what comes of asking this kernel.
fn after_a_close(kernel: &mut Moving<'_>) -> Vec<(Rule, Certainty)> {
    let memory = Memory::default();
    let mut checker = Checker::default();
    wait_for(IN, &mut checker, &memory);
    memory.generation.set(1);
    see(&mut checker, &memory, 1, 2, got());
    found(&mut checker, &memory, kernel, 60 * SECOND)
}

const NOTHING: [(Rule, Certainty); 0] = [];

#[test]
fn a_ghost_that_stays_is_certain() {
    let lists = vec![vec![line(OLD)]];
    let mut kernel = Moving { lists, files: vec![None], ..Moving::default() };
    assert_eq!(after_a_close(&mut kernel), [(Rule::Ghost, Certainty::Certain)]);
    let lists = vec![vec![line(OLD), line(NEW)]];
    let mut kernel = Moving { lists, files: vec![Some(NEW)], keeper: Some(9), ..Moving::default() };
    assert_eq!(after_a_close(&mut kernel), [(Rule::Ghost, Certainty::Certain)]);
}

#[test]
fn a_connection_that_is_closed_between_the_list_and_the_look_at_its_number_is_no_ghost() {
    // Listed alive, closed, and gone from the list, in each look.
    let lists = vec![vec![line(NEW)], vec![], vec![line(NEXT)], vec![]];
    let mut kernel = Moving { lists, files: vec![None], ..Moving::default() };
    assert_eq!(after_a_close(&mut kernel), NOTHING);
    // The next connection is registered with the same number and data before the second reading.
    let lists = [NEW, NEXT, NEW, NEXT].map(|file| vec![line(file)]).to_vec();
    let mut kernel = Moving { lists, files: vec![None], ..Moving::default() };
    assert_eq!(after_a_close(&mut kernel), NOTHING);
}

#[test]
fn a_number_that_is_about_to_be_closed_is_listed_to_the_last() {
    let lists = vec![vec![line(NEW)]];
    let mut kernel = Moving { lists, files: vec![None], is_closing: true, ..Moving::default() };
    assert_eq!(after_a_close(&mut kernel), NOTHING);
}

#[test]
fn a_number_that_is_another_file_at_each_look_says_nothing() {
    let lists = vec![vec![line(NEW)]];
    let files = (0..100).map(|nth| Some((100 + nth, 8))).collect();
    let mut kernel = Moving { lists, files, ..Moving::default() };
    assert_eq!(after_a_close(&mut kernel), NOTHING);
    let mut kernel = Moving {
        lists: vec![vec![line(NEW)]],
        files: [None, Some(NEW)].repeat(50),
        ..Moving::default()
    };
    assert_eq!(after_a_close(&mut kernel), NOTHING);
}

#[test]
fn of_files_that_share_one_inode_nothing_is_certain() {
    let lists = vec![vec![line(OLD)]];
    let files = vec![None];
    let mut kernel = Moving { lists, files, epoll_file: OLD, ..Moving::default() };
    assert_eq!(after_a_close(&mut kernel), [(Rule::Ghost, Certainty::Suspected)]);
}

/// An edge of which a part was read; then a thread waits, and this kernel is asked.
fn after_an_edge(
    memory: &Memory,
    checker: &mut Checker,
    kernel: &mut Moving<'_>,
) -> Vec<(Rule, Certainty)> {
    wait_for(IN | ET, checker, memory);
    see(checker, memory, 1, 2, got());
    memory.io.set(memory.io.get().after_input(Outcome::Moved { bytes: 8, asked: 8 }));
    see(checker, memory, 2, 2, What::Wait { epfd: EPFD, timeout: -1 });
    found(checker, memory, kernel, 60 * SECOND)
}

#[test]
fn input_that_comes_and_is_read_between_two_looks_was_not_left() {
    let (memory, mut checker) = (Memory::default(), Checker::default());
    // Readable when it came; read by the thread that was woken for it; and so nothing is left.
    let polls = HashMap::from([(FD, vec![IN, 0]), (EPFD, vec![0])]);
    let mut kernel = Moving { polls, ..Moving::default() };
    assert_eq!(after_an_edge(&memory, &mut checker, &mut kernel), NOTHING);
}

#[test]
fn what_the_program_reads_while_the_kernel_is_asked_is_asked_about_again() {
    let (memory, mut checker) = (Memory::default(), Checker::default());
    let polls = HashMap::from([(FD, vec![IN]), (EPFD, vec![0])]);
    let mut kernel = Moving { polls, reads: Some(&memory.io), ..Moving::default() };
    assert_eq!(after_an_edge(&memory, &mut checker, &mut kernel), NOTHING);
    assert!(kernel.reads.is_none(), "the kernel was asked");
}
