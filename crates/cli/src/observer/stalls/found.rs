//! What a thread that stands still is about: the call that it sleeps in, its stack, and whether it has left its
//! loop for good.
//!
//! A program that has left its loop may leave something ready in the epoll behind, and sleep or compute for as long
//! as it likes: nothing of that is a mistake. So what is in doubt counts as left.
//!
//! Surprising: that a function has not returned is read in the stack's memory, where the address that it returns to
//! lies still. That is so of a thread that runs, too, whose registers nobody can read.

use super::call::Call;
use super::pipe;
use epshim_attach::calls;
use epshim_attach::gather::{Folder, Memory};
use epshim_attach::stack::{Frame, Stacks};
use epshim_observe::is_part_of_libc;
use epshim_page::{Loop, Seen};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::Relaxed;

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// For the page.
    pub seen: Seen,
    /// The call's callers; or, where the thread computes, those of its latest wait.
    pub frames: Vec<Frame>,
    /// The loop was not left, as far as that can be known.
    pub is_in_loop: bool,
}

/// Bytes of the stack that are looked through.
const STACK: usize = 256 << 10;

impl Found {
    /// `call`: `None` of a thread that runs. `monitor`: the thread of ours in the process.
    pub fn of(one: &Loop, call: Option<Call>, monitor: i32) -> Self {
        let (pid, epfd) = (one.pid.load(Relaxed), one.epfd.load(Relaxed));
        let name = call.map_or_else(String::new, |call| match calls::known(call.number) {
            Some(known) => known.name.to_owned(),
            None => format!("system call {}", call.number),
        });
        let seen = Seen { epfd, call: name, ..Seen::default() };
        let mut found = Self { seen, frames: Vec::new(), is_in_loop: false };
        let Ok(process) = Folder::of(pid) else { return found };
        let Ok(memory) = Memory::of(&process) else { return found };
        let mut stacks = Stacks::of(&process, &memory);
        let (wait, stack_pointer) = one.latest_wait();
        let outer = outer(&stacks, &wait);
        let is_held = || outer.iter().any(|&address| lies_in(&memory, stack_pointer, address));
        found.is_in_loop = match call.map_or(Continue(()), |call| call.tells()) {
            Break(is_in_loop) => is_in_loop,
            Continue(()) => has_waited_often(one) && is_held(),
        };
        found.frames = match call {
            Some(Call { sp, pc, .. }) => callers(&mut stacks, pc, sp),
            None => wait.iter().map(|&address| stacks.locate(address.wrapping_sub(1))).collect(),
        };
        found.seen.stack = call.iter().flat_map(|_| found.stack()).collect();
        found.seen.pipe =
            call.and_then(|call| pipe::own(&process, one.tid.load(Relaxed), epfd, &call, monitor));
        found
    }

    /// The page has no stack of what computes: the thread, when it waits again, has that wait's. It is to be this
    /// one where the observer reports it.
    pub fn stack(&self) -> Vec<u64> {
        self.frames.iter().map(returns_to).collect()
    }
}

/// The return addresses of a thread that is blocked there, without those in the C library.
pub fn stack(pid: i32, pc: u64, sp: u64) -> Vec<u64> {
    let Ok(process) = Folder::of(pid) else { return Vec::new() };
    let Ok(memory) = Memory::of(&process) else { return Vec::new() };
    callers(&mut Stacks::of(&process, &memory), pc, sp).iter().map(returns_to).collect()
}

fn callers(stacks: &mut Stacks<&Memory>, pc: u64, sp: u64) -> Vec<Frame> {
    let frames = stacks.walk(pc, sp).into_iter();
    frames.skip_while(|frame| is_of_libc(frame.module.as_deref())).collect()
}

/// A frame has the address of the call, the page the one that it returns to.
const fn returns_to(frame: &Frame) -> u64 {
    frame.address.wrapping_add(1)
}

/// An epoll that was waited on a few times only may be no loop at all.
fn has_waited_often(one: &Loop) -> bool {
    const WAITS: u32 = 10;
    one.turns.load(Relaxed) >= 2 * WAITS
}

/// The addresses in the program's own code that the functions return to through which the wait was called. That of
/// the thread's first function is in the C library, and says nothing.
fn outer(stacks: &Stacks<&Memory>, wait: &[u64]) -> Vec<u64> {
    let module = |address: u64| {
        let mut all = stacks.mappings().iter();
        all.find(|one| one.range.contains(&address)).map(|one| one.path.clone())
    };
    let callers = wait.iter().skip(1).copied();
    callers.take_while(|&address| !is_of_libc(module(address).as_deref())).collect()
}

/// Whether an address lies on the stack above a place.
fn lies_in(memory: &Memory, stack_pointer: u64, address: u64) -> bool {
    let start = stack_pointer & !7;
    let mut bytes = vec![0; STACK];
    let length = memory.read(start, &mut bytes);
    let words = bytes[..length].chunks_exact(8);
    words.into_iter().any(|word| word == address.to_ne_bytes())
}

fn is_of_libc(module: Option<&str>) -> bool {
    module.is_some_and(is_part_of_libc)
}
