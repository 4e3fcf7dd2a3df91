//! A row of an unwind table: the machine that carries out the instructions of a table (DW_CFA_*) up to an
//! address, and the row that stands there then.
//!
//! gimli decodes the instructions. Its own machine is not used: it is made for tables with any number of
//! registers, and takes tens of kilobytes or allocates. This one stands in memory that the walker has had
//! from the start.
//!
//! Surprising: what a table says of registers that no walk follows is passed over.

use crate::architecture::{Architecture, REGISTERS};
use crate::rule::{Cfa, Part, Place, Rule, SAVED};
use gimli::{CallFrameInstruction, CommonInformationEntry, Reader, Register, UnwindExpression};

/// The most rows that a table may have put aside at once (DW_CFA_remember_state). Compilers nest them
/// once.
const ASIDE: usize = 8;

/// A row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub cfa: Option<Cfa>,
    pub places: [Place; REGISTERS],
}

impl Row {
    const EMPTY: Self = Self { cfa: None, places: [Place::Same; REGISTERS] };

    /// Where the return address is. Never `Same`.
    pub(crate) fn return_address(&self, architecture: Architecture, column: usize) -> Place {
        match self.places.get(column) {
            // Where nothing is said, it is in the link register still.
            Some(Place::Same) if architecture.has_link_register() => Place::In(column as u8),
            None | Some(Place::Same) => Place::Nowhere,
            Some(&place) => place,
        }
    }

    /// The rule for this row, if it is one that can be kept.
    pub(crate) fn rule(
        &self,
        architecture: Architecture,
        column: usize,
        is_signal: bool,
    ) -> Option<Rule> {
        let is_plain = |place: Place| !matches!(place, Place::Loaded(_) | Place::Computed(_));
        let cfa = self.cfa.filter(|cfa| !matches!(cfa, Cfa::Computed(_)))?;
        let return_address = self.return_address(architecture, column);
        let mut rule = Rule { cfa, return_address, saved: [(0, Place::Same); SAVED], is_signal };
        let mut free = rule.saved.iter_mut();
        for (number, &place) in self.places[..architecture.count()].iter().enumerate() {
            if place != Place::Same {
                *free.next()? = (number as u8, place);
            }
        }
        let places = rule.saved.iter().map(|&(_, place)| place);
        places.chain([return_address]).all(is_plain).then_some(rule)
    }
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The row; the row as it was behind the instructions that all functions of a compiler share; and those
    /// that were put aside.
    rows: Vec<Row>,
    count_aside: usize,
}

/// What an instruction came to.
pub(crate) enum Step {
    Goes,
    /// The next row begins at this address.
    Advances(u64),
}

const NOW: usize = 0;
const INITIAL: usize = 1;
const FIRST_ASIDE: usize = 2;

impl Machine {
    /// `None`: no memory.
    pub(crate) fn new() -> Option<Self> {
        let mut rows = Vec::new();
        rows.try_reserve_exact(FIRST_ASIDE + ASIDE).ok()?;
        rows.resize(FIRST_ASIDE + ASIDE, Row::EMPTY);
        Some(Self { rows, count_aside: 0 })
    }

    pub(crate) fn row(&self) -> &Row {
        &self.rows[NOW]
    }

    pub(crate) fn row_mut(&mut self) -> &mut Row {
        &mut self.rows[NOW]
    }

    pub(crate) fn begin(&mut self) {
        self.rows[NOW] = Row::EMPTY;
        self.count_aside = 0;
    }

    /// The instructions that all functions share were carried out.
    pub(crate) fn keep_initial(&mut self) {
        self.rows.copy_within(NOW..=NOW, INITIAL);
    }

    /// Carries out one instruction of a function at `address`. `None`: it makes no sense.
    pub(crate) fn step<R: Reader<Offset = usize>>(
        &mut self,
        instruction: &CallFrameInstruction<usize>,
        entry: &CommonInformationEntry<R>,
        address: u64,
    ) -> Option<Step> {
        use CallFrameInstruction as I;
        let row = &mut self.rows[NOW];
        let signed = |factored: i64| distance(factored.checked_mul(entry.data_alignment_factor())?);
        let unsigned = |factored: u64| signed(i64::try_from(factored).ok()?);
        match *instruction {
            I::SetLoc { address } => return Some(Step::Advances(address)),
            I::AdvanceLoc { delta } => {
                let bytes = u64::from(delta).checked_mul(entry.code_alignment_factor())?;
                return Some(Step::Advances(address.wrapping_add(bytes)));
            }
            I::DefCfa { register, offset } => {
                row.cfa = Some(beside(register, distance(i64::try_from(offset).ok()?)?)?);
            }
            I::DefCfaSf { register, factored_offset } => {
                row.cfa = Some(beside(register, signed(factored_offset)?)?);
            }
            I::DefCfaRegister { register } => {
                let Some(Cfa::Beside(_, offset)) = row.cfa else { return None };
                row.cfa = Some(beside(register, offset)?);
            }
            I::DefCfaOffset { offset } => {
                let Some(Cfa::Beside(_, away)) = &mut row.cfa else { return None };
                *away = distance(i64::try_from(offset).ok()?)?;
            }
            I::DefCfaOffsetSf { factored_offset } => {
                let Some(Cfa::Beside(_, away)) = &mut row.cfa else { return None };
                *away = signed(factored_offset)?;
            }
            I::DefCfaExpression { expression } => row.cfa = Some(Cfa::Computed(part(expression)?)),
            I::Undefined { register } => row.set(register, Place::Nowhere),
            I::SameValue { register } => row.set(register, Place::Same),
            I::Offset { register, factored_offset } => {
                row.set(register, Place::At(unsigned(factored_offset)?));
            }
            I::OffsetExtendedSf { register, factored_offset } => {
                row.set(register, Place::At(signed(factored_offset)?));
            }
            I::ValOffset { register, factored_offset } => {
                row.set(register, Place::Is(unsigned(factored_offset)?));
            }
            I::ValOffsetSf { register, factored_offset } => {
                row.set(register, Place::Is(signed(factored_offset)?));
            }
            I::Register { dest_register, src_register } => {
                row.set(dest_register, Place::In(u8::try_from(src_register.0).ok()?));
            }
            I::Expression { register, expression } => {
                row.set(register, Place::Loaded(part(expression)?));
            }
            I::ValExpression { register, expression } => {
                row.set(register, Place::Computed(part(expression)?));
            }
            I::Restore { register } => {
                let initial = self.rows[INITIAL].places.get(usize::from(register.0)).copied();
                self.rows[NOW].set(register, initial.unwrap_or(Place::Same));
            }
            I::RememberState => {
                if self.count_aside == ASIDE {
                    return None;
                }
                self.rows.copy_within(NOW..=NOW, FIRST_ASIDE + self.count_aside);
                self.count_aside += 1;
            }
            I::RestoreState => {
                self.count_aside = self.count_aside.checked_sub(1)?;
                let aside = FIRST_ASIDE + self.count_aside;
                self.rows.copy_within(aside..=aside, NOW);
            }
            // A signed return address is known by its bits; how much a call pushed is in the CFA.
            I::ArgsSize { .. } | I::NegateRaState | I::Nop => {}
        }
        Some(Step::Goes)
    }
}

impl Row {
    fn set(&mut self, register: Register, place: Place) {
        if let Some(kept) = self.places.get_mut(usize::from(register.0)) {
            *kept = place;
        }
    }
}

fn beside(register: Register, away: i32) -> Option<Cfa> {
    Some(Cfa::Beside(u8::try_from(register.0).ok()?, away))
}

/// A distance of two gigabytes makes no sense.
fn distance(bytes: i64) -> Option<i32> {
    i32::try_from(bytes).ok()
}

fn part(expression: UnwindExpression<usize>) -> Option<Part> {
    let offset = u16::try_from(expression.offset).ok()?;
    Some(Part { offset, length: u16::try_from(expression.length).ok()? })
}
