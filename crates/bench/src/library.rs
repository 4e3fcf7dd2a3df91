//! `libepshim.so` as a C program gets it, and libc's functions beside it.

use epshim_harness::c_library;
use libc::{c_int, epoll_event};
use libloading::{Library, Symbol};
use std::error::Error;
use std::path::PathBuf;

type Wait = unsafe extern "C" fn(c_int, *mut epoll_event, c_int, c_int) -> c_int;
type Ctl = unsafe extern "C" fn(c_int, c_int, c_int, *mut epoll_event) -> c_int;

/// `libepshim.so`: the file named, or the one that is installed, as the sources are now. It stays loaded.
pub fn open_library(file: Option<PathBuf>) -> Result<&'static Library, Box<dyn Error>> {
    let file = library_file(file)?;
    // SAFETY: loading libepshim runs no code of its own.
    Ok(Box::leak(Box::new(unsafe { Library::new(&file)? })))
}

/// The file named, or the one that is installed.
pub fn library_file(file: Option<PathBuf>) -> Result<PathBuf, Box<dyn Error>> {
    let file = match file {
        Some(file) => file,
        None => c_library::shared(),
    };
    if !file.is_file() {
        return Err(format!("{} is not there", file.display()).into());
    }
    Ok(file)
}

/// The functions of a C library.
#[derive(Clone, Copy)]
pub struct CFunctions {
    pub wait: Wait,
    pub ctl: Ctl,
}

/// libc's own.
pub const LIBC: CFunctions = CFunctions { wait: libc::epoll_wait, ctl: libc::epoll_ctl };

impl CFunctions {
    /// Those of `libepshim.so`, as a C program gets them. The library stays loaded.
    pub fn of(library: &'static Library) -> Result<Self, libloading::Error> {
        // SAFETY: libepshim exports both with libc's signatures (src/proof.rs).
        let (wait, ctl): (Symbol<Wait>, Symbol<Ctl>) =
            unsafe { (library.get(b"epshim_wait")?, library.get(b"epshim_ctl")?) };
        Ok(Self { wait: *wait, ctl: *ctl })
    }
}
