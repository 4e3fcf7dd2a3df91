//! What `/proc/PID` and `/proc/PID/task/TID` say of a process and its threads (proc_pid_stat(5),
//! proc_pid_status(5)).

use super::{decimal, field, hex, words};
use crate::look::Call;
use epshim_observe::proc::{StatFields, signals};

/// What `stat` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stat {
    /// The name, which may have any character in it.
    pub name: String,
    /// The letter of the state.
    pub state: char,
    /// The parent.
    pub parent: i32,
    /// The session.
    pub session: Option<i32>,
    /// Page faults that needed no disk.
    pub faults: u64,
    /// Ticks in the program, and in the kernel for it.
    pub ticks: (u64, u64),
    /// When it started, in ticks since the machine did.
    pub started: u64,
}

impl Stat {
    /// A process or a thread that has ended, and may not have been reaped.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// Reads `stat`.
#[must_use]
pub fn stat(text: &[u8]) -> Option<Stat> {
    let fields = StatFields::of(text)?;
    Some(Stat {
        name: String::from_utf8_lossy(fields.name).into_owned(),
        state: char::from(fields.state),
        parent: fields.number(4)?,
        session: fields.number(6),
        faults: fields.number(10)?,
        ticks: (fields.number(14)?, fields.number(15)?),
        started: fields.number(22)?,
    })
}

/// Voluntary and involuntary switches, from `status`.
#[must_use]
pub fn switches(text: &[u8]) -> Option<(u64, u64)> {
    let number = |name| field(text, name).and_then(decimal);
    Some((number("voluntary_ctxt_switches")?, number("nonvoluntary_ctxt_switches")?))
}

/// The number of a thread or process in the innermost pid namespace that it is in, from `status`.
#[must_use]
pub fn innermost_id(text: &[u8]) -> Option<i32> {
    decimal(words(field(text, "NSpid")?).last()?)
}

/// Signals that are pending for a thread or its process, from `status`.
#[must_use]
pub fn pending_signals(text: &[u8]) -> Option<u64> {
    Some(signals(text, "SigPnd")? | signals(text, "ShdPnd")?)
}

/// Signals that a thread blocks, from its `status`.
#[must_use]
pub fn blocked_signals(text: &[u8]) -> Option<u64> {
    signals(text, "SigBlk")
}

/// `syscall`: `232 0x4 0x7ffd... 0x40 0xffffffff 0x0 0x0 0x7ffd... 0x7f12...`, or `running`, or `-1` with the
/// stack pointer and the instruction of a thread that is blocked outside system calls.
#[must_use]
pub fn call(text: &[u8]) -> Call {
    let mut words = words(text);
    let Some(first) = words.next() else { return Call::Unknown };
    if first == b"running" {
        return Call::Running;
    }
    let Some(number) = decimal::<i64>(first) else { return Call::Unknown };
    let rest: Vec<u64> = words.map_while(hex).collect();
    match (number, &rest[..]) {
        (-1, &[sp, pc]) => Call::Blocked { sp, pc },
        (0.., &[a, b, c, d, e, f, sp, pc]) => {
            Call::In { number, arguments: [a, b, c, d, e, f], sp, pc }
        }
        _ => Call::Unknown,
    }
}

/// The soft limit of open files, from `limits`. `unlimited` is the largest number.
#[must_use]
pub fn limit_of_files(text: &[u8]) -> Option<u64> {
    let line = super::lines(text).find(|line| line.starts_with(b"Max open files"))?;
    let soft = words(line).nth(3)?;
    if soft == b"unlimited" { Some(u64::MAX) } else { decimal(soft) }
}

/// Bytes that the process has read and written by read(2), write(2) and their like, from `io`. Not the number of calls:
/// a loop that spins makes reads that return nothing.
#[must_use]
pub fn bytes_read_and_written(text: &[u8]) -> Option<(u64, u64)> {
    let number = |name| field(text, name).and_then(decimal);
    Some((number("rchar")?, number("wchar")?))
}

/// Ids, as `children` lists them.
#[must_use]
pub fn ids(text: &[u8]) -> Vec<i32> {
    words(text).filter_map(decimal).collect()
}
