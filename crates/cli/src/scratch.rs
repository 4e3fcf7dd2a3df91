//! A folder for what a C compiler writes, for as long as it is asked: new, with a name that cannot be known
//! before, closed to other users (mkdtemp(3)).
//!
//! Another user who knows the name of a folder to come can make it first, and choose the compiler's answer.
//!
//! Surprising: SIGINT, SIGTERM and SIGHUP wait until the folder is removed. A compiler that is interrupted with
//! this process ends at once, because std starts it with no signal blocked.

use crate::output::shown;
use crate::panicked::Undone;
use std::env;
use std::ffi::{CString, OsStr};
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;

/// Does the work with a new folder, and removes it. The reason where there is none.
pub fn with<R>(work: impl FnOnce(&Path) -> R) -> Result<R, String> {
    let _delayed = Delayed::new();
    let folder = Folder::new(&env::temp_dir())?;
    Ok(work(&folder.path))
}

struct Folder {
    path: PathBuf,
    _removed: Undone,
}

impl Folder {
    fn new(place: &Path) -> Result<Self, String> {
        let bad = |error: io::Error| {
            format!("{}: {error}. TMPDIR says where temporary files are made", shown(place))
        };
        let template = place.join("epshim-XXXXXX").into_os_string();
        let template = CString::new(template.as_bytes()).map_err(|error| bad(error.into()))?;
        let mut name = template.into_bytes_with_nul();
        // SAFETY: a string that ends with six X, of which mkdtemp writes other letters.
        if unsafe { libc::mkdtemp(name.as_mut_ptr().cast()) }.is_null() {
            return Err(bad(io::Error::last_os_error()));
        }
        name.pop();
        let path = PathBuf::from(OsStr::from_bytes(&name));
        let its = path.clone();
        // What cannot be removed is empty or nearly so, and of no use to another user.
        let removed = Undone::by(move || drop(fs::remove_dir_all(its)));
        Ok(Self { path, _removed: removed })
    }
}

/// While it lives, the signals that end a command in a terminal wait.
struct Delayed(libc::sigset_t);

impl Delayed {
    fn new() -> Self {
        let mut signals = MaybeUninit::<libc::sigset_t>::zeroed();
        let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: the functions write to the two sets, and all zeros are a valid one too.
        unsafe {
            libc::sigemptyset(signals.as_mut_ptr());
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                libc::sigaddset(signals.as_mut_ptr(), signal);
            }
            libc::sigprocmask(libc::SIG_BLOCK, signals.as_ptr(), before.as_mut_ptr());
            Self(before.assume_init())
        }
    }
}

impl Drop for Delayed {
    fn drop(&mut self) {
        // SAFETY: a set that sigprocmask has written.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}
