//! Which methods and lines of Java the calling thread is in: what the virtual machine says itself (JVMTI,
//! `GetStackTrace`), of HotSpot.
//!
//! It is asked only where a method in C that Java has called may ask the same: by a thread of its own whose state is
//! "in native", which is read where debuggers read it (`state.rs`); whose last Java frame lies above the call on the same
//! stack, with no signal handler in between; and whose call is not made by the virtual machine's own code. Such a
//! thread may be anywhere for all that the machine knows, so that it may collect meanwhile; then the thread waits until
//! that is over, as it would when it returns to Java.
//!
//! Never in a forked child, whose other threads are gone. What this cannot be told of is not asked: a machine of
//! another version than those that were tried has no lines.
//!
//! Surprising: the program opens the machine long after the checking has started. So it is looked for at the first
//! line, without the loader's lock (`exports.rs`).

mod functions;
mod names;
mod state;

use crate::questions::exports::Exports;
use crate::questions::interrupted;
use crate::questions::line::{MOST_LINES, Room};
use crate::questions::modules;
use crate::questions::names::address_of;
use crate::runtime::process;
use functions::{Env, Frame, Jvmti, Machine};
use names::Names;
use state::Threads;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst};

/// The versions that were tried.
const TRIED: [u32; 3] = [17, 21, 25];
/// The last frame of Java lies no further above the call than this.
const FURTHEST: usize = 64 << 10;

static IS_THERE: AtomicBool = AtomicBool::new(false);
/// A thread looks for the machine, or makes the environment that is asked: another one does without for that time.
static IS_BEING_MADE: AtomicBool = AtomicBool::new(false);
static JAVA: OnceLock<Result<Java, String>> = OnceLock::new();
static JVMTI: OnceLock<Option<Jvmti>> = OnceLock::new();

/// The virtual machine of this process.
struct Java {
    machine: Machine,
    threads: Threads,
    /// Its own code.
    code: Vec<Range<usize>>,
}

/// Before the checking starts: whether this is the command `java`, which opens the machine later, or a program that is
/// linked with the machine.
pub fn prepare() {
    let is_java = address_of(c"JLI_Launch").or_else(|| address_of(c"JNI_GetCreatedJavaVMs"));
    if is_java.is_some() && interrupted::prepare() {
        IS_THERE.store(true, Relaxed);
    }
}

/// Whether there is a Java whose lines can be had, as far as that is known.
pub fn is_there() -> bool {
    IS_THERE.load(Relaxed) && unknown().is_none()
}

/// Why the lines of the Java that is there cannot be had.
pub fn unknown() -> Option<String> {
    JAVA.get()?.as_ref().err().cloned()
}

/// Adds the lines that the calling thread is in: none where the machine must not be asked. To be called outside of the
/// book-keeping (`runtime/outside.rs`).
#[inline(never)]
pub fn read(site: usize, room: &mut Room) {
    if process::is_forked() || !process::owns_memory() {
        return;
    }
    let Some(Ok(java)) = once(&JAVA, Java::find) else { return };
    if java.code.iter().any(|code| code.contains(&site)) {
        return;
    }
    let Some(env) = java.machine.env() else { return };
    let here = (&raw const env).addr();
    let Some(frame) = java.threads.last_frame(env.address()) else { return };
    let is_called = frame > here && frame - here < FURTHEST;
    if !is_called || interrupted::may_be(here, frame) {
        return;
    }
    // SAFETY: the thread is in native code that Java has called, where JNI and JVMTI may be called.
    unsafe {
        if let Some(Some(jvmti)) = once(&JVMTI, || Jvmti::new(&java.machine)) {
            ask(env, jvmti, room);
        }
    }
}

/// What is in a cell, made where it is missing. `None`: it is not there yet.
fn once<T>(cell: &'static OnceLock<T>, make: impl FnOnce() -> Option<T>) -> Option<&'static T> {
    if cell.get().is_none() && !IS_BEING_MADE.swap(true, SeqCst) {
        if let Some(made) = make() {
            let _ = cell.set(made);
        }
        IS_BEING_MADE.store(false, SeqCst);
    }
    cell.get()
}

/// # Safety
/// It is the calling thread's environment, and the thread is in native code.
unsafe fn ask(env: Env, jvmti: &Jvmti, room: &mut Room) {
    let mut frames = [Frame::default(); MOST_LINES];
    // SAFETY: as the caller has it. The methods on the stack are there while it is.
    unsafe {
        let count = jvmti.stack(&mut frames);
        for frame in &frames[..count] {
            let Some(names) = Names::of(env, jvmti, frame) else { continue };
            if !room.add(names.file(), names.function(), jvmti.line(frame)) {
                break;
            }
        }
    }
}

impl Java {
    /// `None`: the machine is not opened yet. An error says why it is not asked.
    fn find() -> Option<Result<Self, String>> {
        let is_machine = |name: Vec<u8>| name.ends_with(b"/libjvm.so");
        let modules = modules::loaded().into_iter();
        let module = modules.into_iter().find(|module| module.name().is_some_and(is_machine))?;
        let exports = Exports::of(&module)?;
        let machine = Machine::new(exports.address_of(c"JNI_GetCreatedJavaVMs")?)?;
        let code = module.code().collect();
        Some(match Threads::find(&exports) {
            Ok((version, threads)) if TRIED.contains(&version.major) => {
                threads.map(|threads| Self { machine, threads, code }).ok_or(version.text)
            }
            Ok((version, _)) => Err(version.text),
            Err(()) => Err("another than HotSpot".to_owned()),
        })
        .map(|found| {
            found.map_err(|version| {
                format!("Java {version}: its files and lines are not shown, for it was not tried")
            })
        })
    }
}
