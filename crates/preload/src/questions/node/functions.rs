//! The functions of V8 that Node exports, by their mangled names, with the types that the headers of the versions that
//! were tried declare (`v8-debug.h`, `v8-unwinder.h`, `v8-statistics.h`, `v8-primitive.h`).
//!
//! Surprising: two of them are V8's own and in no header. They say which frame has left JavaScript.

use crate::questions::names::{address_of, function};
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

pub type Isolate = *mut c_void;
/// A handle: null, or what V8's collector knows.
pub type Local = *mut c_void;

/// V8's functions, as the headers of these versions declare them.
pub struct Functions {
    /// The key of the thread's variable that has the isolate, as `pthread_getspecific` takes it; 0 until V8 has started.
    /// Null in newer versions, where the variable is the thread's own.
    key: *const AtomicI32,
    pub current: extern "C" fn() -> Isolate,
    pub is_in_context: unsafe extern "C" fn(Isolate) -> bool,
    pub address: unsafe extern "C" fn(Isolate, c_int) -> *const usize,
    pub fast_caller: unsafe extern "C" fn(Isolate) -> *const usize,
    pub sample:
        unsafe extern "C" fn(Isolate, *const [usize; 16], *mut *mut c_void, usize, *mut Sample),
    pub statistics: unsafe extern "C" fn(Isolate, *mut [usize; 32]),
    pub begin_handles: unsafe extern "C" fn(*mut [usize; 8], Isolate),
    pub end_handles: unsafe extern "C" fn(*mut [usize; 8]),
    pub trace: unsafe extern "C" fn(Isolate, c_int, c_int) -> Local,
    pub count: unsafe extern "C" fn(Local) -> c_int,
    pub frame: unsafe extern "C" fn(Local, Isolate, u32) -> Local,
    pub location: unsafe extern "C" fn(Local) -> u64,
    pub script: unsafe extern "C" fn(Local) -> Local,
    pub function: unsafe extern "C" fn(Local) -> Local,
    begin_text: unsafe extern "C" fn(*mut Text, Isolate, Local),
    end_text: unsafe extern "C" fn(*mut Text),
}

/// `v8::SampleInfo`, and more room than it takes.
#[repr(C)]
#[derive(Default)]
pub struct Sample {
    before: [usize; 4],
    pub state: u16,
    after: [usize; 8],
}

/// `v8::String::Utf8Value`, likewise.
#[repr(C)]
pub struct Text {
    bytes: *const c_char,
    after: [usize; 4],
}

// SAFETY: addresses that never change.
unsafe impl Send for Functions {}
// SAFETY: as above.
unsafe impl Sync for Functions {}

impl Functions {
    /// All of them. `None`: one is missing.
    #[rustfmt::skip]
    pub fn find() -> Option<Self> {
        let key = address_of(c"_ZN2v88internal7Isolate12isolate_key_E");
        if key.is_none() {
            address_of(c"_ZN2v88internal18g_current_isolate_E")?;
        }
        // SAFETY: the names have the types of the parameters; what they do not have, the results, is as the headers of the
        // versions that were tried declare it.
        let functions = unsafe {
        Self {
            key: key.unwrap_or(0) as *const AtomicI32,
            current: function(c"_ZN2v87Isolate13TryGetCurrentEv")?,
            is_in_context: function(c"_ZN2v87Isolate9InContextEv")?,
            address: function(c"_ZN2v88internal7Isolate19get_address_from_idENS0_16IsolateAddressIdE")?,
            fast_caller: function(c"_ZN2v88internal17ExternalReference29fast_c_call_caller_fp_addressEPNS0_7IsolateE")?,
            sample: function(c"_ZN2v87Isolate14GetStackSampleERKNS_13RegisterStateEPPvmPNS_10SampleInfoE")?,
            statistics: function(c"_ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE")?,
            begin_handles: function(c"_ZN2v811HandleScopeC1EPNS_7IsolateE")?,
            end_handles: function(c"_ZN2v811HandleScopeD1Ev")?,
            trace: function(c"_ZN2v810StackTrace17CurrentStackTraceEPNS_7IsolateEiNS0_17StackTraceOptionsE")?,
            count: function(c"_ZNK2v810StackTrace13GetFrameCountEv")?,
            frame: function(c"_ZNK2v810StackTrace8GetFrameEPNS_7IsolateEj")?,
            location: function(c"_ZNK2v810StackFrame11GetLocationEv")?,
            script: function(c"_ZNK2v810StackFrame13GetScriptNameEv")?,
            function: function(c"_ZNK2v810StackFrame15GetFunctionNameEv")?,
            begin_text: function(c"_ZN2v86String9Utf8ValueC1EPNS_7IsolateENS_5LocalINS_5ValueEEE")?,
            end_text: function(c"_ZN2v86String9Utf8ValueD1Ev")?,
        }
        };
        Some(functions)
    }

    /// Whether V8 has started: before that the thread's isolate may be anything.
    pub fn has_started(&self) -> bool {
        // SAFETY: null, or the variable with this name, which V8 writes once.
        unsafe { self.key.as_ref() }.is_none_or(|key| key.load(Relaxed) != 0)
    }

    /// Hands on a string's bytes: none where there is no string.
    ///
    /// # Safety
    /// It is this thread's isolate, and a handle of a string in it, or null.
    pub unsafe fn with_text<R>(
        &self,
        isolate: Isolate,
        string: Local,
        most: usize,
        with: impl FnOnce(&[u8]) -> R,
    ) -> R {
        let mut text = Text { bytes: ptr::null(), after: [0; 4] };
        // SAFETY: it is filled in, and ended once; in between it has a string that ends in a 0, or null.
        unsafe {
            (self.begin_text)(&raw mut text, isolate, string);
            let size = if text.bytes.is_null() { 0 } else { libc::strnlen(text.bytes, most) };
            let bytes =
                if size == 0 { &[] } else { std::slice::from_raw_parts(text.bytes.cast(), size) };
            let result = with(bytes);
            (self.end_text)(&raw mut text);
            result
        }
    }
}
