//! Expressions of unwind tables: small programs that say where a frame ends or where a register is. A
//! signal's frame, lazily bound calls and functions that align their stack have them.
//!
//! Carried out here, and not by gimli, whose evaluation is made for debug information and takes kilobytes
//! of the caller's stack: a walk begins on signal stacks that have few. The operations are those that
//! unwinders know. An expression that asks for more, or goes on for too long, says nothing.

use crate::architecture::Registers;
use crate::process::Process;
use crate::rule::{Cfa, Part};
use crate::window::Window;
use gimli::constants as op;
use gimli::{DwOp, EndianSlice, LittleEndian, Reader};

/// What tables are read from.
pub(crate) type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// The longest that is carried out: those of real tables have some ten steps.
const STEPS: usize = 256;
/// The most values at once.
const DEPTH: usize = 16;

/// The bytes of an expression.
pub(crate) fn bytes(table: &[u8], part: Part) -> Option<Bytes<'_>> {
    let start = usize::from(part.offset);
    let end = start + usize::from(part.length);
    Some(EndianSlice::new(table.get(start..end)?, LittleEndian))
}

/// The values, the last on top.
struct Values {
    kept: [u64; DEPTH],
    count: usize,
}

impl Values {
    fn push(&mut self, value: u64) -> Option<()> {
        *self.kept.get_mut(self.count)? = value;
        self.count += 1;
        Some(())
    }

    fn pop(&mut self) -> Option<u64> {
        self.count = self.count.checked_sub(1)?;
        Some(self.kept[self.count])
    }

    /// The value that lies so deep; 0: on top.
    fn at(&self, depth: usize) -> Option<u64> {
        Some(self.kept[self.count.checked_sub(depth)?.checked_sub(1)?])
    }

    fn swap(&mut self, one: usize, other: usize) -> Option<()> {
        let place = |depth: usize| self.count.checked_sub(depth)?.checked_sub(1);
        let (one, other) = (place(one)?, place(other)?);
        self.kept.swap(one, other);
        Some(())
    }
}

/// The value of an expression; `first` lies there from the start.
#[inline(never)]
pub(crate) fn evaluate(
    whole: Bytes<'_>,
    first: Option<u64>,
    registers: &Registers,
    stack: &mut Window,
    process: &mut dyn Process,
) -> Option<u64> {
    let mut values = Values { kept: [0; DEPTH], count: 0 };
    if let Some(first) = first {
        values.push(first)?;
    }
    let mut rest = whole;
    for _ in 0..STEPS {
        if rest.is_empty() {
            return values.pop();
        }
        let operation = DwOp(rest.read_u8().ok()?);
        match operation {
            op::DW_OP_deref => {
                let address = values.pop()?;
                values.push(stack.word(process, address)?)?;
            }
            op::DW_OP_skip | op::DW_OP_bra => {
                let away = rest.read_i16().ok()?;
                if operation == op::DW_OP_skip || values.pop()? != 0 {
                    let here = whole.len() - rest.len();
                    let to = here.checked_add_signed(away.into())?;
                    rest = EndianSlice::new(whole.slice().get(to..)?, LittleEndian);
                }
            }
            op::DW_OP_bregx => {
                let number = usize::try_from(rest.read_uleb128().ok()?).ok()?;
                let away = rest.read_sleb128().ok()?;
                values.push(registers.values.get(number)?.wrapping_add_signed(away))?;
            }
            DwOp(breg) if (op::DW_OP_breg0.0..=op::DW_OP_breg31.0).contains(&breg) => {
                let number = usize::from(breg - op::DW_OP_breg0.0);
                let away = rest.read_sleb128().ok()?;
                values.push(registers.values.get(number)?.wrapping_add_signed(away))?;
            }
            _ => compute(operation, &mut rest, &mut values)?,
        }
    }
    None
}

/// An operation that needs nothing but the values and what is written behind it.
fn compute(operation: DwOp, rest: &mut Bytes<'_>, values: &mut Values) -> Option<()> {
    let value = match operation {
        DwOp(literal) if (op::DW_OP_lit0.0..=op::DW_OP_lit31.0).contains(&literal) => {
            u64::from(literal - op::DW_OP_lit0.0)
        }
        op::DW_OP_const1u => u64::from(rest.read_u8().ok()?),
        op::DW_OP_const1s => i64::from(rest.read_i8().ok()?) as u64,
        op::DW_OP_const2u => u64::from(rest.read_u16().ok()?),
        op::DW_OP_const2s => i64::from(rest.read_i16().ok()?) as u64,
        op::DW_OP_const4u => u64::from(rest.read_u32().ok()?),
        op::DW_OP_const4s => i64::from(rest.read_i32().ok()?) as u64,
        op::DW_OP_const8u | op::DW_OP_const8s | op::DW_OP_addr => rest.read_u64().ok()?,
        op::DW_OP_constu => rest.read_uleb128().ok()?,
        op::DW_OP_consts => rest.read_sleb128().ok()? as u64,
        op::DW_OP_dup => values.at(0)?,
        op::DW_OP_over => values.at(1)?,
        op::DW_OP_pick => values.at(usize::from(rest.read_u8().ok()?))?,
        op::DW_OP_drop => return values.pop().map(drop),
        op::DW_OP_nop => return Some(()),
        op::DW_OP_swap => return values.swap(0, 1),
        op::DW_OP_rot => return values.swap(0, 1).and_then(|()| values.swap(1, 2)),
        op::DW_OP_plus_uconst => values.pop()?.wrapping_add(rest.read_uleb128().ok()?),
        op::DW_OP_abs => (values.pop()? as i64).unsigned_abs(),
        op::DW_OP_neg => values.pop()?.wrapping_neg(),
        op::DW_OP_not => !values.pop()?,
        _ => {
            let (second, first) = (values.pop()?, values.pop()?);
            of_two(operation, first, second)?
        }
    };
    values.push(value)
}

fn of_two(operation: DwOp, first: u64, second: u64) -> Option<u64> {
    let (signed, other) = (first as i64, second as i64);
    // A shift by more than there are bits leaves nothing, or the sign.
    let by = u32::try_from(second).unwrap_or(u32::MAX);
    Some(match operation {
        op::DW_OP_and => first & second,
        op::DW_OP_or => first | second,
        op::DW_OP_xor => first ^ second,
        op::DW_OP_plus => first.wrapping_add(second),
        op::DW_OP_minus => first.wrapping_sub(second),
        op::DW_OP_mul => first.wrapping_mul(second),
        op::DW_OP_div => signed.checked_div(other)? as u64,
        op::DW_OP_mod => first.checked_rem(second)?,
        op::DW_OP_shl => first.checked_shl(by).unwrap_or(0),
        op::DW_OP_shr => first.checked_shr(by).unwrap_or(0),
        op::DW_OP_shra => signed.checked_shr(by).unwrap_or(signed >> 63) as u64,
        op::DW_OP_eq => u64::from(signed == other),
        op::DW_OP_ne => u64::from(signed != other),
        op::DW_OP_lt => u64::from(signed < other),
        op::DW_OP_le => u64::from(signed <= other),
        op::DW_OP_gt => u64::from(signed > other),
        op::DW_OP_ge => u64::from(signed >= other),
        _ => return None,
    })
}

/// Where a frame ends, if the expression is the common one: the word beside a register.
pub(crate) fn kept(mut bytes: Bytes<'_>) -> Option<Cfa> {
    let register = bytes.read_u8().ok()?.checked_sub(op::DW_OP_breg0.0)?;
    let away = i32::try_from(bytes.read_sleb128().ok()?).ok()?;
    let is_word = bytes.read_u8().ok()? == op::DW_OP_deref.0 && bytes.is_empty();
    (register < 32 && is_word).then_some(Cfa::Kept(register, away))
}
