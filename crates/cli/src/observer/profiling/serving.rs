//! The profile so far, for whoever of the same user asks for it while the program runs (`live/socket.rs`).
//!
//! A thread of the observer answers one after the other. The program takes no part; where there is no place for a socket
//! the profile is made all the same.

use crate::live::socket;
use crate::observer::recording::Shared;
use epshim_attach::gather::now;
use epshim_profile::{Program, redact_peers};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;

/// The socket, which is there as long as the program.
#[derive(Debug)]
pub struct Serving {
    path: PathBuf,
}

impl Serving {
    /// Begins to answer. `None`: there is no place for a socket, or no thread to be had.
    pub fn start(model: Shared, program: Program, redacts: bool) -> Option<Self> {
        let (listener, path) = socket::listen(program.pid.unsigned_abs()).ok()?;
        let serving = Self { path };
        let serve = move || serve(&listener, &model, &program, redacts);
        thread::Builder::new().stack_size(512 << 10).spawn(serve).ok()?;
        Some(serving)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Until the observer ends.
fn serve(listener: &UnixListener, model: &Shared, program: &Program, redacts: bool) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { return };
        if socket::is_own(&stream) {
            // Who does not take it has asked for nothing.
            let _ = answer(stream, model, program, redacts);
        }
    }
}

fn answer(stream: UnixStream, model: &Shared, program: &Program, redacts: bool) -> io::Result<()> {
    stream.set_write_timeout(Some(socket::PATIENCE))?;
    let profile = model.lock().as_mut().map(|model| model.so_far(now(), program.clone()));
    let Some(mut profile) = profile else { return Ok(()) };
    if redacts {
        redact_peers(&mut profile);
    }
    let mut to = BufWriter::new(stream);
    serde_json::to_writer(&mut to, &profile)?;
    to.flush()
}
