//! What a thread of Java's is doing, as HotSpot keeps it: read where its own debugger reads it, by the table that the
//! machine exports for that (`gHotSpotVMStructs`, src/hotspot/share/runtime/vmStructs.cpp).
//!
//! Every word is copied by the kernel (`memory.rs`), and nothing is changed.
//!
//! Surprising: the table does not say where in a thread's structure its JNI environment lies. That is known from the
//! first thread that asks: the list of threads has its structure, by its number.

use crate::questions::exports::{Exports, is_at};
use crate::questions::memory::{read, read_list, read_string};
use crate::runtime::thread;
use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// `_thread_in_native` of `JavaThreadState`: the thread runs code in C that Java has called, and may call back.
const IN_NATIVE: u32 = 4;
/// More rows or threads than these are not looked at.
const MOST_ROWS: usize = 8192;
const MOST_THREADS: usize = 1 << 16;
/// A thread's structure is smaller.
const LARGEST: usize = 16 << 10;

/// The version of the machine.
#[derive(Debug, Default)]
pub struct Version {
    pub major: u32,
    pub text: String,
}

/// Where the machine's threads are, and what in their structures: offsets from their beginnings.
#[derive(Debug)]
pub struct Threads {
    /// The address of the pointer to the list.
    list: usize,
    list_length: usize,
    list_threads: usize,
    os_thread: usize,
    number: usize,
    state: usize,
    last_frame: usize,
    /// Where the JNI environment is; 0: not known yet.
    env: AtomicUsize,
}

/// A row of the table: the names of the type, of the field and of the field's type; whether it is static; its offset; its
/// address.
type Row = [usize; 6];

/// The rows that are looked for: the type, the field, and whether the offset counts or the address.
const WANTED: [(&CStr, &CStr); 10] = [
    (c"Abstract_VM_Version", c"_vm_major_version"),
    (c"Abstract_VM_Version", c"_s_vm_release"),
    (c"ThreadsSMRSupport", c"_java_thread_list"),
    (c"ThreadsList", c"_length"),
    (c"ThreadsList", c"_threads"),
    (c"OSThread", c"_thread_id"),
    (c"JavaThread", c"_thread_state"),
    (c"JavaThread", c"_anchor"),
    (c"JavaFrameAnchor", c"_last_Java_sp"),
    // The last one is a field of the one type or the other.
    (c"JavaThread", c"_osthread"),
];
const OTHER: (&CStr, &CStr) = (c"Thread", c"_osthread");

impl Threads {
    /// The version, and the threads if all is there that must be known. An error: it is not HotSpot.
    pub fn find(exports: &Exports) -> Result<(Version, Option<Self>), ()> {
        let table = exports.address_of(c"gHotSpotVMStructs").and_then(read::<usize>).ok_or(())?;
        let found = look_up(table);
        let [major, release, list, length, threads, number, state, anchor, sp, os_thread] = found;
        let major = major.and_then(read::<u32>).ok_or(())?;
        let text = release.and_then(read::<usize>).and_then(read_string).unwrap_or_default();
        let version = Version { major, text: String::from_utf8_lossy(&text).into_owned() };
        let threads = || {
            Some(Self {
                list: list?,
                list_length: length?,
                list_threads: threads?,
                os_thread: os_thread?,
                number: number?,
                state: state?,
                last_frame: anchor?.checked_add(sp?)?,
                env: AtomicUsize::new(0),
            })
        };
        Ok((version, threads()))
    }

    /// Where the last Java frame of the calling thread lies, if the thread is in native code that Java has called.
    /// `env`: its JNI environment.
    pub fn last_frame(&self, env: usize) -> Option<usize> {
        let own = thread::tid().unsigned_abs();
        let at = match self.env.load(Relaxed) {
            0 => self.learn(env, own)?,
            at => at,
        };
        let structure = env.checked_sub(at)?;
        // Where this is not so, nothing that is known of the structure is right.
        if self.number_of(structure) != Some(own) {
            return None;
        }
        let is_in_native = read::<u32>(structure.wrapping_add(self.state)) == Some(IN_NATIVE);
        let last_frame = structure.wrapping_add(self.last_frame);
        let frame = is_in_native.then(|| read::<usize>(last_frame)).flatten();
        frame.filter(|&frame| frame != 0)
    }

    /// The thread's number that the kernel has.
    fn number_of(&self, structure: usize) -> Option<u32> {
        let os_thread = read::<usize>(structure.checked_add(self.os_thread)?)?;
        read::<u32>(os_thread.checked_add(self.number)?)
    }

    /// Where the environment is in a thread's structure, by the calling thread's.
    fn learn(&self, env: usize, own: u32) -> Option<usize> {
        let list = read::<usize>(self.list)?;
        let count = read::<u32>(list.checked_add(self.list_length)?)? as usize;
        let all = read::<usize>(list.checked_add(self.list_threads)?)?;
        let all: Vec<usize> = read_list(all, count.min(MOST_THREADS));
        let may_be = |&structure: &usize| {
            structure < env && env - structure < LARGEST && self.number_of(structure) == Some(own)
        };
        let at = env - all.into_iter().find(may_be)?;
        self.env.store(at, Relaxed);
        Some(at)
    }
}

/// What the table has of the rows that are wanted: the address of a static field, the offset of another.
fn look_up(table: usize) -> [Option<usize>; WANTED.len()] {
    let mut found = [None; WANTED.len()];
    let rows: Vec<Row> = read_list(table, MOST_ROWS);
    // Rows of one type stand together.
    let mut last = (0, [false; WANTED.len() + 1]);
    for [owner, field, _, is_static, offset, address] in
        rows.into_iter().take_while(|row| row[0] != 0)
    {
        let all = || WANTED.into_iter().chain([OTHER]);
        if owner != last.0 {
            let mut is_of = [false; WANTED.len() + 1];
            for (is_of, (wanted, _)) in is_of.iter_mut().zip(all()) {
                *is_of = is_at(owner, wanted);
            }
            last = (owner, is_of);
        }
        for (place, (_, wanted)) in all().enumerate().filter(|&(place, _)| last.1[place]) {
            if is_at(field, wanted) {
                let value = if is_static & 1 == 1 { address } else { offset };
                found[place.min(WANTED.len() - 1)] = Some(value);
            }
        }
    }
    found
}
