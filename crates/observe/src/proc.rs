//! The texts of /proc that front-ends read, parsed (proc(5)). Bytes in, values out: who reads the files, and
//! of which process, is not decided here.
//!
//! The bytes may be anything: a kernel's that is not known yet, or half a file. What is not understood is left
//! out; nothing panics, and nothing takes more memory than a few times the bytes.

use crate::bits;
use crate::descriptors::Kind;
use crate::kernel::Listed;
use crate::terms::{Fd, Pid};

/// The registrations in an epoll's `/proc/PID/fdinfo/FD` (proc_pid_fdinfo(5)). Of the interest it has
/// what the program asked for, without `EPOLLERR` and `EPOLLHUP`, which the kernel adds
/// (fs/eventpoll.c, do_epoll_ctl).
#[must_use]
pub fn registrations(fdinfo: &[u8]) -> Vec<Listed> {
    entries(fdinfo).filter_map(listed).collect()
}

fn listed(entry: Entry) -> Option<Listed> {
    let Entry { fd, events, data, file } = entry;
    // A one-shot that has fired has only its private bits left.
    let is_fired = events & !bits::PRIVATE == 0;
    let events = if is_fired { events } else { events & !bits::ALWAYS_ON };
    Some(Listed { fd, events, data, file: file? })
}

/// A registration as the kernel writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The number under which it was registered.
    pub fd: Fd,
    /// The interest, `EPOLLERR` and `EPOLLHUP` in it: a one-shot that was registered for nothing has them, one
    /// that has fired has not.
    pub events: u32,
    /// What the program gave.
    pub data: u64,
    /// Inode and device. `None`: a kernel before 4.13.
    pub file: Option<(u64, u64)>,
}

/// The same as they stand there. A large server has tens of thousands: nothing is allocated for one.
pub fn entries(fdinfo: &[u8]) -> impl Iterator<Item = Entry> {
    fdinfo.split(|&byte| byte == b'\n').filter_map(entry)
}

/// A line: `tfd: 5 events: 19 data: 5  pos:0 ino:3f sdev:10`, `tfd` and `pos` in decimal, the others in hex.
/// Words are looked for, not columns: other kernels have other spaces.
fn entry(line: &[u8]) -> Option<Entry> {
    let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b':');
    let mut words = line.split(is_between).filter(|word| !word.is_empty());
    let (mut fd, mut events, mut data, mut inode, mut device) = (None, None, None, None, None);
    while let Some(name) = words.next() {
        let place = match name {
            b"tfd" => {
                fd = decimal(words.next()?);
                continue;
            }
            b"events" => &mut events,
            b"data" => &mut data,
            b"ino" => &mut inode,
            b"sdev" => &mut device,
            _ => continue,
        };
        *place = hex(words.next()?);
    }
    let events = u32::try_from(events?).ok()?;
    Some(Entry { fd: fd?, events, data: data?, file: inode.zip(device) })
}

fn decimal(word: &[u8]) -> Option<Fd> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn hex(word: &[u8]) -> Option<u64> {
    let is_number = (1..=16).contains(&word.len());
    let digit = |&byte: &u8| (byte as char).to_digit(16).map(u64::from);
    word.iter().try_fold(0, |number, byte| Some(number << 4 | digit(byte)?)).filter(|_| is_number)
}

/// What `/proc/PID/stat` says (proc_pid_stat(5)), of a process or a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Its id.
    pub pid: Pid,
    /// What it does, a letter: `R` runs, `S` and `D` sleep, `Z` and `X` have ended.
    pub state: u8,
    /// When it started, in ticks since the system did; `None`: the text ends before it.
    pub started: Option<u64>,
    /// Where the program's arguments lie in its memory, and where they end; `None` likewise.
    pub arguments: Option<(u64, u64)>,
    /// How it ended, as wait(2) has it; `None` likewise. 0 also where it may not be read.
    pub code: Option<i32>,
}

impl Stat {
    /// It sleeps.
    #[must_use]
    pub const fn is_asleep(&self) -> bool {
        matches!(self.state, b'S' | b'D')
    }

    /// It has ended, and was not waited for.
    #[must_use]
    pub const fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

/// The fields of `/proc/PID/stat`.
#[derive(Debug, Clone, Copy)]
pub struct StatFields<'a> {
    /// The id.
    pub pid: Pid,
    /// The name, which may have any bytes in it, brackets too.
    pub name: &'a [u8],
    /// The letter of the state.
    pub state: u8,
    behind: &'a str,
}

impl<'a> StatFields<'a> {
    /// Parts the text.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Option<Self> {
        let opens = text.iter().position(|&byte| byte == b'(')?;
        let closes = text.iter().rposition(|&byte| byte == b')')?;
        let pid = std::str::from_utf8(&text[..opens]).ok()?.trim().parse().ok()?;
        let name = text.get(opens + 1..closes)?;
        let after = std::str::from_utf8(&text[closes + 1..]).ok()?.trim_ascii_start();
        let (state, behind) =
            after.split_once(|space: char| space.is_ascii_whitespace()).unwrap_or((after, ""));
        Some(Self { pid, name, state: *state.as_bytes().first()?, behind })
    }

    /// A number, by its place in proc_pid_stat(5), which counts from 1; the state is the third.
    #[must_use]
    pub fn number<T: std::str::FromStr>(&self, place: usize) -> Option<T> {
        self.behind.split_ascii_whitespace().nth(place.checked_sub(4)?)?.parse().ok()
    }
}

/// `/proc/PID/stat`.
#[must_use]
pub fn stat(text: &[u8]) -> Option<Stat> {
    let fields = StatFields::of(text)?;
    let (started, code) = (fields.number(22), fields.number::<i64>(52));
    let arguments = fields.number(48).zip(fields.number(49));
    let StatFields { pid, state, .. } = fields;
    Some(Stat { pid, state, started, arguments, code: code.map(|code| code as i32) })
}

/// What a thread is in, as `/proc/PID/syscall` says (proc_pid_syscall(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InCall {
    /// It runs, or is to.
    Running,
    /// It is blocked, and not in a system call: it waits for a page.
    None,
    /// It is in this system call.
    Call(i64),
}

/// `/proc/PID/syscall`.
#[must_use]
pub fn in_call(text: &[u8]) -> Option<InCall> {
    let text = std::str::from_utf8(text).ok()?;
    match text.split_ascii_whitespace().next()? {
        "running" => Some(InCall::Running),
        "-1" => Some(InCall::None),
        number => number.parse().ok().map(InCall::Call),
    }
}

/// Nanoseconds that a thread has run, and waited for a processor, as `/proc/PID/task/TID/schedstat` says
/// (Documentation/scheduler/sched-stats.rst).
#[must_use]
pub fn run_times(text: &[u8]) -> Option<(u64, u64)> {
    let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    let mut number = || words.next()?.parse().ok();
    Some((number()?, number()?))
}

/// The signals of a line `NAME:` (`SigBlk` of a thread's `status`, `sigmask` of a signalfd's `fdinfo`): bit N - 1 is
/// signal N.
#[must_use]
pub fn signals(text: &[u8], name: &str) -> Option<u64> {
    text.split(|&byte| byte == b'\n').find_map(|line| {
        let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
        hex(value.trim_ascii())
    })
}

/// The kind of a file without an inode of its own, from what `/proc/PID/fd/FD` links to (proc_pid_fd(5)),
/// or the first 32 bytes of that.
#[must_use]
pub fn anonymous_kind(link: &[u8]) -> Kind {
    match link.strip_prefix(b"anon_inode:").unwrap_or_default() {
        b"[eventpoll]" => Kind::Epoll,
        b"inotify" | b"[signalfd]" | b"[fanotify]" => Kind::Queue,
        _ => Kind::Counter,
    }
}
