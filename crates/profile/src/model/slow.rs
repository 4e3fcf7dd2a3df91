//! The slow turns: the longest of them, and how many there were.

use super::call::{Called, Which};
use super::thread::{Current, Longest, MOST_STACKS, Mark, Sample};
use crate::document::{Call, Gap, Neighbour, SampledStack, Served, SlowTurn};
use epshim_observe::{Frame, Nanos, Pid, Tid};

/// At most as many are kept.
const MOST: usize = 200;

/// A slow turn.
#[derive(Debug, Clone)]
pub struct Kept {
    pub number: u64,
    pub turn: SlowTurn,
}

/// Those that are kept.
#[derive(Debug, Clone, Default)]
pub struct SlowTurns {
    kept: Vec<Kept>,
    pub count: u64,
}

impl SlowTurns {
    pub fn add(&mut self, number: u64, turn: SlowTurn) {
        self.count += 1;
        if self.kept.len() < MOST {
            self.kept.push(Kept { number, turn });
            return;
        }
        let shortest = self.kept.iter_mut().min_by_key(|kept| kept.turn.length);
        if let Some(shortest) = shortest.filter(|kept| kept.turn.length < turn.length) {
            *shortest = Kept { number, turn };
        }
    }

    /// A turn has not ended.
    pub fn is_open(&mut self, number: u64) {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.number == number) {
            kept.turn.is_open = true;
            if kept.turn.gap.before.what == "wait" {
                kept.turn.gap.before.what = "end".to_owned();
            }
        }
    }

    /// The kernel says of a turn that at most these times of it were on a processor, and waiting for one.
    pub fn ran(&mut self, number: u64, on_cpu: Nanos, runnable: Nanos) {
        if let Some(Kept { turn, .. }) = self.kept.iter_mut().find(|kept| kept.number == number) {
            let (on_cpu, runnable) = (on_cpu.min(turn.length), runnable.min(turn.length));
            let blocked = turn.length.saturating_sub(on_cpu + runnable);
            (turn.on_cpu, turn.runnable) = (Some(on_cpu), Some(runnable));
            turn.blocked = Some(blocked);
        }
    }

    /// The thread was seen doing this in a turn that is over.
    pub fn sampled(
        &mut self,
        (pid, tid): (Pid, Tid),
        at: Nanos,
        call: &str,
        addresses: &[u64],
        frames: impl Fn(u64) -> Vec<Frame>,
    ) {
        let has = |turn: &SlowTurn| {
            turn.pid == pid && turn.tid == tid && turn.at <= at && at <= turn.at + turn.length
        };
        let Some(kept) = self.kept.iter_mut().find(|kept| has(&kept.turn)) else { return };
        let (call, addresses) = (call.to_owned(), addresses.to_owned());
        let new = stack(&Sample { samples: 1, call, addresses }, &frames);
        let stacks = &mut kept.turn.stacks;
        let is_same = |one: &&mut SampledStack| one.call == new.call && one.places == new.places;
        if let Some(same) = stacks.iter_mut().find(is_same) {
            same.samples += 1;
        } else if stacks.len() < MOST_STACKS {
            stacks.push(new);
        }
        stacks.sort_by_key(|stack| std::cmp::Reverse(stack.samples));
    }

    /// The longest first; and how many are not in the list.
    pub fn document(self) -> (Vec<SlowTurn>, u64) {
        let mut turns: Vec<_> = self.kept.into_iter().map(|kept| kept.turn).collect();
        turns.sort_by_key(|turn| (std::cmp::Reverse(turn.length), turn.at));
        let left_out = self.count - turns.len() as u64;
        (turns, left_out)
    }
}

/// A turn as the document has it.
pub fn turn(
    (pid, tid): (Pid, Tid),
    at: Nanos,
    length: Nanos,
    current: &Current,
    frames: impl Fn(u64) -> Vec<Frame>,
) -> SlowTurn {
    let gap = current.longest.map_or_else(|| whole(at, length), gap);
    let mut stacks: Vec<_> = current.samples.iter().map(|one| stack(one, &frames)).collect();
    stacks.sort_by_key(|stack| std::cmp::Reverse(stack.samples));
    let alone = match current.served[..] {
        [Served { fd, .. }] => fd,
        _ => None,
    };
    SlowTurn {
        pid,
        tid,
        at,
        length,
        is_open: false,
        on_cpu: None,
        runnable: None,
        blocked: None,
        fd: gap.before.fd.or(gap.after.fd).or(alone),
        gap,
        peer: None,
        served: current.served.clone(),
        deliveries: current.deliveries as u64,
        calls: current.calls.iter().map(call).collect(),
        calls_left_out: current.calls_count - current.calls.len() as u64,
        stacks,
    }
}

fn gap(longest: Longest) -> Gap {
    let Longest { length, after, before } = longest;
    Gap { length, after: neighbour(after, "wait returned"), before: neighbour(before, "wait") }
}

/// Of a turn of which nothing was seen.
fn whole(at: Nanos, length: Nanos) -> Gap {
    let mark = |at| Mark { at, which: None, fd: None, site: None };
    gap(Longest { length, after: mark(at), before: mark(at + length) })
}

fn neighbour(mark: Mark, otherwise: &'static str) -> Neighbour {
    let Mark { at, which, fd, site } = mark;
    Neighbour { what: which.map_or(otherwise, Which::name).to_owned(), at, fd, site }
}

fn call(&(call, site): &(Called, usize)) -> Call {
    let Called { at, which, fd, asked, got, errno } = call;
    let has_count = matches!(which, Which::Read | Which::Write) && errno == 0;
    let got = (has_count || which == Which::Accept && errno == 0).then_some(got);
    let asked = has_count.then_some(asked);
    let (what, fd, site) = (which.name().to_owned(), Some(fd), Some(site));
    Call { at, what, fd, asked, got, errno, site }
}

fn stack(one: &Sample, frames: &impl Fn(u64) -> Vec<Frame>) -> SampledStack {
    let all = one.addresses.iter().flat_map(|&address| frames(address));
    let places = all.map(super::sites::place).collect();
    SampledStack { samples: one.samples, call: one.call.clone(), places }
}
