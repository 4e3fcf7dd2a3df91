//! The walk: frame after frame, until it ends.
//!
//! A walker has all the memory that walks need, so that it can be kept where memory is scarce: a walk takes
//! less than two kilobytes of the caller's stack. It is used by one thread at a time.
//!
//! Surprising: a stack grows towards its beginning, so each caller's frame is above the one before. Only
//! behind a signal's frame it may be anywhere: the handler may have a stack of its own.

use crate::architecture::{Architecture, REGISTERS, Registers};
use crate::cache::{Cache, Known};
use crate::expression;
use crate::process::Process;
use crate::row::Machine;
use crate::rule::{self, Cfa, Place};
use crate::table::{self, Meaning};
use crate::trampoline;
use crate::window::{Window, zeroed};
use std::ops::ControlFlow;

/// The most frames that a walk visits.
pub const MOST_FRAMES: usize = 512;

/// Why a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The visitor had enough.
    Stopped,
    /// The next address is in no module's code.
    Outside,
    /// No table describes the last address.
    Undescribed,
    /// There is no caller, as the table says, or the memory is not there.
    NoCaller,
    /// The caller's frame would not be above.
    NotAbove,
    /// There are more than [`MOST_FRAMES`].
    TooMany,
}

/// Walks stacks of one process.
#[derive(Debug)]
pub struct Walker {
    architecture: Architecture,
    cache: Cache,
    stack: Window,
    entries: Vec<u8>,
    machine: Machine,
    /// Of the frame that the walk is in, and of its caller.
    registers: Vec<Registers>,
}

const NOW: usize = 0;
const CALLER: usize = 1;

// Most functions here are not inlined: what a walk needs rarely has no place in its own frame.
impl Walker {
    /// A walker. `None`: no memory.
    #[must_use]
    #[cold]
    pub fn new(architecture: Architecture) -> Option<Self> {
        let (cache, stack, machine) = (Cache::new()?, Window::new()?, Machine::new()?);
        let entries = zeroed(table::ENTRIES)?;
        let mut registers = Vec::new();
        registers.try_reserve_exact(2).ok()?;
        registers.resize(2, Registers { instruction: 0, values: [0; REGISTERS] });
        Some(Self { architecture, cache, stack, entries, machine, registers })
    }

    /// Modules were loaded or closed: what was read of their tables is no longer so.
    pub fn forget(&mut self) {
        self.cache.forget();
    }

    /// Visits where the registers are, and the address that each call returns to, the innermost first.
    pub fn walk(
        &mut self,
        process: &mut dyn Process,
        start: &Registers,
        visit: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> End {
        self.stack.forget();
        self.registers[NOW].clone_from(start);
        let pointer = self.architecture.stack_pointer();
        // Whether nothing was called here: the thread is at the address itself.
        let mut is_exact = true;
        for _ in 0..MOST_FRAMES {
            let address = self.registers[NOW].instruction;
            let looked_up = if is_exact { address } else { address.wrapping_sub(1) };
            let is_known = self.cache.get(looked_up).is_some();
            if !is_known && process.module_at(looked_up).is_none() {
                return End::Outside;
            }
            if visit(address).is_break() {
                return End::Stopped;
            }
            let is_signal = match self.step(process, looked_up, is_known) {
                Ok(is_signal) => is_signal,
                Err(end) => return end,
            };
            let [now, caller] = [NOW, CALLER].map(|place| self.registers[place].values[pointer]);
            // A function that has called nothing need not have a frame.
            let is_above = caller > now || is_exact && caller == now;
            if !is_above && !is_signal {
                return End::NotAbove;
            }
            self.registers.swap(NOW, CALLER);
            is_exact = is_signal;
        }
        End::TooMany
    }

    /// Finds the caller's registers, and whether a signal interrupted it.
    #[inline(never)]
    fn step(
        &mut self,
        process: &mut dyn Process,
        address: u64,
        is_known: bool,
    ) -> Result<bool, End> {
        let [registers, caller] = &mut self.registers[..] else { return Err(End::NoCaller) };
        caller.clone_from(registers);
        if !is_known && !self.learn(process, address) {
            return self.without_rule(process, address).ok_or(End::NoCaller);
        }
        let (architecture, stack) = (self.architecture, &mut self.stack);
        let [registers, caller] = &mut self.registers[..] else { return Err(End::NoCaller) };
        match self.cache.get(address) {
            Some(Known::Rule(rule)) => {
                let found = rule.apply(architecture, registers, caller, stack, process);
                found.map(|()| rule.is_signal).ok_or(End::NoCaller)
            }
            _ => {
                let found =
                    trampoline::interrupted(architecture, registers, caller, stack, process);
                found.map(|()| true).ok_or(End::Undescribed)
            }
        }
    }

    /// Reads what the table says of an address, and keeps it. False: it cannot be kept.
    #[inline(never)]
    fn learn(&mut self, process: &mut dyn Process, address: u64) -> bool {
        let known = match self.read(process, address) {
            Some(Meaning { column, is_signal }) => {
                let rule = self.machine.row().rule(self.architecture, column, is_signal);
                rule.map(Known::Rule)
            }
            None => Some(Known::Undescribed),
        };
        if let Some(known) = known {
            self.cache.keep(address, known);
        }
        known.is_some()
    }

    /// Has the machine's row stand at an address.
    fn read(&mut self, process: &mut dyn Process, address: u64) -> Option<Meaning> {
        let index = process.module_at(address)?.table?;
        let (entries, machine) = (&mut self.entries, &mut self.machine);
        table::read_row(process, self.architecture, index, address, entries, machine)
    }

    /// The same where the table has expressions.
    #[inline(never)]
    fn without_rule(&mut self, process: &mut dyn Process, address: u64) -> Option<bool> {
        let meaning = self.read(process, address)?;
        let (row, stack, entries) = (self.machine.row(), &mut self.stack, &self.entries);
        let [registers, caller] = &mut self.registers[..] else { return None };
        let cfa = match row.cfa? {
            Cfa::Computed(part) => {
                let bytes = expression::bytes(entries, part)?;
                expression::evaluate(bytes, None, registers, stack, process)?
            }
            plain => rule::frame_end(plain, registers, stack, process)?,
        };
        let mut value = |place: Place| match place {
            Place::Loaded(part) => {
                let bytes = expression::bytes(entries, part)?;
                let at = expression::evaluate(bytes, Some(cfa), registers, stack, process)?;
                stack.word(process, at)
            }
            Place::Computed(part) => {
                let bytes = expression::bytes(entries, part)?;
                expression::evaluate(bytes, Some(cfa), registers, stack, process)
            }
            plain => rule::value(plain, registers, cfa, stack, process),
        };
        caller.values[self.architecture.stack_pointer()] = cfa;
        for (number, &place) in row.places[..self.architecture.count()].iter().enumerate() {
            if !matches!(place, Place::Same | Place::Nowhere) {
                caller.values[number] = value(place)?;
            }
        }
        let address = value(row.return_address(self.architecture, meaning.column))?;
        caller.instruction = self.architecture.address_in(address);
        Some(meaning.is_signal)
    }
}
