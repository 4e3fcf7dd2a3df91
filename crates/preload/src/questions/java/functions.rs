//! The functions of JNI and JVMTI, by their places in the tables that `jni.h` and `jvmti.h` lay down; they are the
//! same in all versions.

use crate::questions::line::LONGEST;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::mem::transmute_copy;
use std::ptr;

pub type Class = *mut c_void;
pub type Method = *mut c_void;
/// A table of functions, as an interface pointer leads to it.
type Table = *const *const c_void;

/// `JNI_VERSION_1_6`, `JVMTI_VERSION_11`.
const JNI_VERSION: c_int = 0x0001_0006;
const JVMTI_VERSION: c_int = 0x300b_0000;
const OK: c_int = 0;
/// `JVMTI_PHASE_LIVE`: the machine has started and is not about to end.
const LIVE: c_int = 4;

/// `JavaVM*`.
#[derive(Debug, Clone, Copy)]
pub struct Machine(*const Table);

/// `JNIEnv*` of the calling thread.
#[derive(Debug, Clone, Copy)]
pub struct Env(*const Table);

/// `jvmtiEnv*`, which any thread may use.
#[derive(Debug)]
pub struct Jvmti(*const Table);

// SAFETY: the machine is there until the process ends, and lets any thread ask it.
unsafe impl Send for Machine {}
// SAFETY: as above.
unsafe impl Sync for Machine {}
// SAFETY: as above: an environment is ended by who made it, which is not done.
unsafe impl Send for Jvmti {}
// SAFETY: as above.
unsafe impl Sync for Jvmti {}

/// `jvmtiFrameInfo`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub method: Method,
    location: i64,
}

impl Default for Frame {
    fn default() -> Self {
        Self { method: ptr::null_mut(), location: -1 }
    }
}

/// `jvmtiLineNumberEntry`.
#[repr(C)]
struct LineOf {
    start: i64,
    line: c_int,
}

/// The function at a place of an interface's table.
///
/// # Safety
/// The interface has it, and `F` is the type of a pointer to it.
unsafe fn at<F: Copy>(interface: *const Table, place: usize) -> F {
    const { assert!(size_of::<F>() == size_of::<usize>()) };
    // SAFETY: as the caller has it.
    unsafe { transmute_copy(&*(*interface).add(place)) }
}

impl Machine {
    /// The machine that was made. `None`: none yet. `created`: where `JNI_GetCreatedJavaVMs` is.
    pub fn new(created: usize) -> Option<Self> {
        type Created = extern "C" fn(*mut *const Table, c_int, *mut c_int) -> c_int;
        let (mut machine, mut count) = (ptr::null(), 0);
        // SAFETY: `jni.h` declares it so. It may be called by any thread: it copies a pointer.
        let created = unsafe { transmute_copy::<usize, Created>(&created) };
        let result = created(&raw mut machine, 1, &raw mut count);
        (result == OK && count == 1 && !machine.is_null()).then_some(Self(machine))
    }

    fn interface(&self, version: c_int) -> Option<*const Table> {
        type GetEnv = unsafe extern "C" fn(*const Table, *mut *const Table, c_int) -> c_int;
        let mut interface = ptr::null();
        // SAFETY: the machine is there. For JNI a variable of the thread is read; for JVMTI the callers have it.
        let result = unsafe {
            let get: GetEnv = at(self.0, 6);
            get(self.0, &raw mut interface, version)
        };
        (result == OK && !interface.is_null()).then_some(interface)
    }

    /// The calling thread's environment. `None`: it is no thread of Java's, or the machine has ended.
    pub fn env(&self) -> Option<Env> {
        self.interface(JNI_VERSION).map(Env)
    }
}

impl Env {
    /// Where it is: in the machine's own structure of the thread.
    pub fn address(self) -> usize {
        self.0.addr()
    }

    /// Gives a reference back.
    ///
    /// # Safety
    /// It is this thread's, in native code, and not used any more.
    pub unsafe fn delete(self, reference: Class) {
        type DeleteLocalRef = unsafe extern "C" fn(*const Table, Class);
        // SAFETY: as the caller has it; it may be called while an exception is pending.
        unsafe {
            let delete: DeleteLocalRef = at(self.0, 23);
            delete(self.0, reference);
        }
    }
}

type Text = unsafe extern "C" fn(*const Table, Class, *mut *mut c_char) -> c_int;

impl Jvmti {
    /// An environment of our own, which may know lines and files: that changes nothing of how code runs. `None`: the
    /// machine starts still, or it ends.
    ///
    /// # Safety
    /// The thread is in native code. So it is in all functions below.
    pub unsafe fn new(machine: &Machine) -> Option<Option<Self>> {
        type GetPhase = unsafe extern "C" fn(*const Table, *mut c_int) -> c_int;
        type AddCapabilities = unsafe extern "C" fn(*const Table, *const [c_uint; 8]) -> c_int;
        type Dispose = unsafe extern "C" fn(*const Table) -> c_int;
        /// `can_get_source_file_name`, `can_get_line_numbers`.
        const WANTED: c_uint = 1 << 11 | 1 << 12;
        let Some(env) = machine.interface(JVMTI_VERSION) else { return Some(None) };
        let mut phase = 0;
        // SAFETY: an environment that was made just now; there is room for what is filled in.
        unsafe {
            let (get_phase, add, dispose): (GetPhase, AddCapabilities, Dispose) =
                (at(env, 132), at(env, 141), at(env, 126));
            if get_phase(env, &raw mut phase) != OK || phase != LIVE {
                dispose(env);
                return None;
            }
            let may = add(env, &[WANTED, 0, 0, 0, 0, 0, 0, 0]) == OK;
            Some(may.then_some(Self(env)))
        }
    }

    /// Fills in the calling thread's frames, the innermost first, and returns their number.
    pub unsafe fn stack(&self, frames: &mut [Frame]) -> usize {
        type GetStackTrace = unsafe extern "C" fn(
            *const Table,
            *mut c_void,
            c_int,
            c_int,
            *mut Frame,
            *mut c_int,
        ) -> c_int;
        let (most, mut count) = (frames.len() as c_int, 0);
        // SAFETY: no thread is the calling one; there is room for `most`.
        let result = unsafe {
            let get: GetStackTrace = at(self.0, 103);
            get(self.0, ptr::null_mut(), 0, most, frames.as_mut_ptr(), &raw mut count)
        };
        if result == OK { usize::try_from(count).unwrap_or(0).min(frames.len()) } else { 0 }
    }

    /// A method's class: a reference of this thread's, or null.
    pub unsafe fn class(&self, method: Method) -> Class {
        type Get = unsafe extern "C" fn(*const Table, Method, *mut Class) -> c_int;
        let mut class = ptr::null_mut();
        // SAFETY: a method of a frame of this thread's; there is room for what is filled in.
        let result = unsafe {
            let get: Get = at(self.0, 64);
            get(self.0, method, &raw mut class)
        };
        if result == OK { class } else { ptr::null_mut() }
    }

    /// Hands on a method's name.
    pub unsafe fn with_method<R>(&self, method: Method, with: impl FnOnce(&[u8]) -> R) -> R {
        type Get = unsafe extern "C" fn(
            *const Table,
            Method,
            *mut *mut c_char,
            *mut *mut c_char,
            *mut *mut c_char,
        ) -> c_int;
        // SAFETY: a method of a frame of this thread's; what is not wanted is null.
        unsafe {
            let get: Get = at(self.0, 63);
            self.with_text(|text| get(self.0, method, text, ptr::null_mut(), ptr::null_mut()), with)
        }
    }

    /// Hands on a class's name as the machine has it: `Lcom/example/Server;`.
    pub unsafe fn with_class<R>(&self, class: Class, with: impl FnOnce(&[u8]) -> R) -> R {
        type Get =
            unsafe extern "C" fn(*const Table, Class, *mut *mut c_char, *mut *mut c_char) -> c_int;
        // SAFETY: a reference of this thread's; what is not wanted is null.
        unsafe {
            let get: Get = at(self.0, 47);
            self.with_text(|text| get(self.0, class, text, ptr::null_mut()), with)
        }
    }

    /// Hands on the name of a class's file, without its folder; nothing where the compiler left it out.
    pub unsafe fn with_file<R>(&self, class: Class, with: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: a reference of this thread's.
        unsafe {
            let get: Text = at(self.0, 49);
            self.with_text(|text| get(self.0, class, text), with)
        }
    }

    /// The line of a frame; 0: not known, as of methods in C.
    pub unsafe fn line(&self, frame: &Frame) -> u32 {
        type Get =
            unsafe extern "C" fn(*const Table, Method, *mut c_int, *mut *mut LineOf) -> c_int;
        if frame.location < 0 {
            return 0;
        }
        let (mut count, mut table) = (0, ptr::null_mut());
        // SAFETY: a method of a frame of this thread's; the table has `count` entries until it is given back.
        unsafe {
            let get: Get = at(self.0, 69);
            if get(self.0, frame.method, &raw mut count, &raw mut table) != OK || table.is_null() {
                return 0;
            }
            let entries = std::slice::from_raw_parts(table, usize::try_from(count).unwrap_or(0));
            // They are in no order.
            let before = entries.iter().filter(|entry| entry.start <= frame.location);
            let line = before.max_by_key(|entry| entry.start).map_or(0, |entry| entry.line);
            self.give_back(table.cast());
            u32::try_from(line).unwrap_or(0)
        }
    }

    /// Hands on a string that the machine makes; nothing where it does not.
    unsafe fn with_text<R>(
        &self,
        get: impl FnOnce(*mut *mut c_char) -> c_int,
        with: impl FnOnce(&[u8]) -> R,
    ) -> R {
        let mut text = ptr::null_mut();
        if get(&raw mut text) != OK || text.is_null() {
            return with(&[]);
        }
        // SAFETY: a string that ends in a 0, and is there until it is given back.
        unsafe {
            let length = libc::strnlen(text, LONGEST);
            let result = with(std::slice::from_raw_parts(text.cast(), length));
            self.give_back(text.cast());
            result
        }
    }

    unsafe fn give_back(&self, memory: *mut u8) {
        type Deallocate = unsafe extern "C" fn(*const Table, *mut u8) -> c_int;
        // SAFETY: memory that the machine has made for this, and that is not used any more.
        unsafe {
            let deallocate: Deallocate = at(self.0, 46);
            deallocate(self.0, memory);
        }
    }
}
