//! Return addresses to modules and offsets, as addr2line(1) takes them.
//!
//! The loader's list of modules is walked at report time.
//!
//! Surprising: a module that was closed since the call is not found; its frames keep the bare address.

use epshim_check::printable;
use epshim_check::report::Frame;
use libc::{c_int, c_void, dl_iterate_phdr, dl_phdr_info, size_t};
use rustix::fs::{CWD, readlinkat_raw};
use std::ffi::CStr;
use std::mem::MaybeUninit;

/// The frames of a stack of return addresses. A frame names the call: the byte before the address.
pub fn locate(addresses: &[usize]) -> Vec<Frame> {
    let places = addresses.iter().map(|address| address.wrapping_sub(1));
    let mut search = Search { frames: places.map(unknown).collect(), modules: 0 };
    // SAFETY: `visit` gets the search, which outlives the call, and no other code uses it meanwhile.
    unsafe { dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.frames
}

fn unknown(address: usize) -> Frame {
    Frame { module: String::new(), offset: address as u64, symbols: Vec::new() }
}

struct Search {
    frames: Vec<Frame>,
    /// The number of modules visited.
    modules: usize,
}

/// # Safety
/// `info` describes a module that stays loaded meanwhile, and `search` is a `Search`.
unsafe extern "C" fn visit(info: *mut dl_phdr_info, _size: size_t, search: *mut c_void) -> c_int {
    // SAFETY: as the caller promises. The loader holds its lock: the headers and the name stay.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
    search.modules += 1;
    for index in 0..usize::from(info.dlpi_phnum) {
        // SAFETY: the index is less than `dlpi_phnum`, the number of headers.
        let header = unsafe { &*info.dlpi_phdr.add(index) };
        if header.p_type != libc::PT_LOAD {
            continue;
        }
        let base = info.dlpi_addr as usize;
        let first = base.wrapping_add(header.p_vaddr as usize);
        let size = header.p_memsz as usize;
        let inside = |frame: &&mut Frame| {
            frame.module.is_empty() && (frame.offset as usize).wrapping_sub(first) < size
        };
        for frame in search.frames.iter_mut().filter(inside) {
            frame.offset = (frame.offset as usize).wrapping_sub(base) as u64;
            frame.module = name(info, search.modules == 1);
        }
    }
    0
}

/// The program itself is the first, and has no name.
fn name(info: &dl_phdr_info, is_program: bool) -> String {
    if is_program {
        return program();
    }
    if info.dlpi_name.is_null() {
        return UNNAMED.to_owned();
    }
    // SAFETY: the loader's string, which it keeps as long as the module.
    let name = printable::utf8(unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes());
    if name.is_empty() { UNNAMED.to_owned() } else { name.into_owned() }
}

const UNNAMED: &str = "?";

/// The program's path.
fn program() -> String {
    let mut buffer = [MaybeUninit::uninit(); libc::PATH_MAX as usize];
    match readlinkat_raw(CWD, c"/proc/self/exe", &mut buffer) {
        Ok((path, _)) => printable::utf8(path).into_owned(),
        Err(_) => UNNAMED.to_owned(),
    }
}
