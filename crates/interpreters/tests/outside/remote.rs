//! Another process: its memory, and the files that are loaded into it.

use epshim_interpreters::files::File;
use epshim_interpreters::{Module, Process};
use std::fs;
use std::path::PathBuf;

/// A process that is read from outside.
pub struct Remote {
    pub pid: u32,
}

impl Process for Remote {
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize {
        let local = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: to.len() };
        let remote = libc::iovec { iov_base: address as *mut _, iov_len: to.len() };
        let pid = self.pid as i32;
        // SAFETY: the kernel writes as many bytes as there is room for; it checks the other address.
        let got =
            unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
        usize::try_from(got).unwrap_or(0)
    }

    fn module_at(&mut self, _address: u64) -> Option<Module> {
        None
    }
}

/// A process of whose memory what is read is wrong now and then.
pub struct Spoiled {
    pub process: Remote,
    /// Never 0.
    pub seed: u64,
}

impl Spoiled {
    /// Xorshift: any sequence will do, the same each time.
    fn next(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed
    }
}

impl Process for Spoiled {
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize {
        let got = self.process.read(address, to);
        let number = self.next();
        if got > 0 && number % 8 == 0 {
            to[(number >> 8) as usize % got] ^= 1 << (number >> 60 & 7);
        }
        if number % 32 == 1 { got / 2 } else { got }
    }

    fn module_at(&mut self, _address: u64) -> Option<Module> {
        None
    }
}

/// A file that is loaded, and what its addresses are moved by.
pub struct Loaded {
    pub bytes: Vec<u8>,
    start: u64,
}

impl Loaded {
    /// What the file's addresses are moved by, where the first of them is `first`.
    pub fn moved_by(&self, first: u64) -> u64 {
        self.start.wrapping_sub(first & !0xfff)
    }
}

impl Remote {
    /// The loaded file that `is_wanted`.
    pub fn file(&self, is_wanted: impl Fn(&File<'_>) -> bool) -> Option<Loaded> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.pid)).ok()?;
        let mut seen: Vec<PathBuf> = Vec::new();
        maps.lines().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let (range, offset) = (words.next()?, words.nth(1)?);
            let path = PathBuf::from(words.nth(2)?);
            let is_first = offset.bytes().all(|byte| byte == b'0') && !seen.contains(&path);
            if !is_first || !path.is_absolute() {
                return None;
            }
            seen.push(path.clone());
            let bytes = fs::read(&path).ok()?;
            if !is_wanted(&File::parse(&bytes)?) {
                return None;
            }
            let start = u64::from_str_radix(range.split('-').next()?, 16).ok()?;
            Some(Loaded { bytes, start })
        })
    }

    /// The threads' numbers.
    pub fn threads(&self) -> Vec<u64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).expect("tasks");
        tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok()).collect()
    }

    /// The number of the system call that a thread is blocked in, its stack pointer and its instruction.
    pub fn blocked(&self, thread: u64) -> Option<(u64, u64, u64)> {
        let text = fs::read_to_string(format!("/proc/{}/task/{thread}/syscall", self.pid)).ok()?;
        let words: Vec<_> = text.split_ascii_whitespace().collect();
        let hex = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
        Some((words.first()?.parse().ok()?, hex(words.get(7)?)?, hex(words.get(8)?)?))
    }
}
