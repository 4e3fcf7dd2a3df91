//! What is measured: the same calls through libc, through `libepshim.so`, and through the crate.

use epshim::{CreateFlags, Epoll, EventBuffer, EventData, EventFlags};
use libc::{c_int, epoll_event};
use libloading::{Library, Symbol};
use std::error::Error;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

type Wait = unsafe extern "C" fn(c_int, *mut epoll_event, c_int, c_int) -> c_int;
type Ctl = unsafe extern "C" fn(c_int, c_int, c_int, *mut epoll_event) -> c_int;

/// `libepshim.so`: the file named, or the one that was built with this program. It stays loaded.
pub fn open_library(file: Option<PathBuf>) -> Result<&'static Library, Box<dyn Error>> {
    let file = match file {
        Some(file) => file,
        None => std::env::current_exe()?.with_file_name("libepshim.so"),
    };
    if !file.is_file() {
        let advice = "build it with `cargo build --release`, or name it with --library";
        return Err(format!("{} is not there: {advice}", file.display()).into());
    }
    // SAFETY: loading libepshim runs no code of its own.
    Ok(Box::leak(Box::new(unsafe { Library::new(&file)? })))
}

/// The functions of a C library.
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

/// An epoll with so many registrations, all of them ready.
pub struct Stage {
    epoll: Epoll,
    sources: Vec<OwnedFd>,
    array: Vec<epoll_event>,
    buffer: EventBuffer,
}

impl Stage {
    pub fn new(ready: usize) -> std::io::Result<Self> {
        let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
        let mut sources = Vec::new();
        for i in 0..ready {
            let (reader, writer) = std::os::unix::net::UnixStream::pair()?;
            std::io::Write::write_all(&mut &writer, b"x")?;
            epoll.add(&reader, EventFlags::IN, EventData::from_u64(i as u64))?;
            sources.extend([OwnedFd::from(reader), writer.into()]);
        }
        let array = vec![epoll_event { events: 0, u64: 0 }; ready];
        Ok(Self { epoll, sources, array, buffer: EventBuffer::with_capacity(ready) })
    }

    /// One wait that finds everything ready.
    pub fn wait(&mut self, functions: &CFunctions) {
        let room = self.array.len() as c_int;
        // SAFETY: the array has room for as many events.
        let ready =
            unsafe { (functions.wait)(self.epoll.as_raw_fd(), self.array.as_mut_ptr(), room, 0) };
        assert_eq!(ready, room);
    }

    /// The same in Rust.
    pub fn wait_in_rust(&mut self) {
        let ready =
            self.epoll.wait(&mut self.buffer, Some(Duration::ZERO)).expect("good arguments");
        assert_eq!(ready, self.buffer.capacity());
    }

    /// One modification that changes nothing.
    pub fn modify(&mut self, functions: &CFunctions) {
        let mut event = epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
        let fd = self.sources[0].as_raw_fd();
        // SAFETY: the event lives through the call.
        let result = unsafe {
            (functions.ctl)(self.epoll.as_raw_fd(), libc::EPOLL_CTL_MOD, fd, &raw mut event)
        };
        assert_eq!(result, 0);
    }

    /// The same in Rust.
    pub fn modify_in_rust(&mut self) {
        let data = EventData::from_u64(0);
        self.epoll.modify(&self.sources[0], EventFlags::IN, data).expect("good arguments");
    }
}
