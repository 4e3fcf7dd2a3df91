//! The file of a recording.

use epshim_observe::binary::Writer;
use epshim_observe::{Nanos, Observation};
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, RawFd};

/// What was written for this long is in the file, if the observer is killed.
const FLUSH: Nanos = 500_000_000;
const FLUSH_BYTES: usize = 256 << 10;

/// The file, and what is not in it yet.
pub struct Written {
    file: File,
    writer: Writer,
    bytes: Vec<u8>,
    flushed: Nanos,
    /// The length of the file.
    length: u64,
    has_failed: bool,
}

impl Written {
    pub fn new(file: File) -> Self {
        let (writer, bytes) = (Writer::default(), Vec::new());
        Self { file, writer, bytes, flushed: 0, length: 0, has_failed: false }
    }

    pub fn number(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    pub fn take(&mut self, it: &Observation<'_>) {
        self.writer.write(it, &mut self.bytes);
    }

    /// Writes what is due. The error is the reason; nothing more is written then.
    pub fn flush(&mut self, now: Nanos) -> Result<(), String> {
        if self.bytes.len() <= FLUSH_BYTES && now.saturating_sub(self.flushed) <= FLUSH {
            return Ok(());
        }
        self.flushed = now;
        let mut outcome = Ok(());
        if !self.has_failed {
            outcome = self.file.write_all(&self.bytes);
            match &outcome {
                Ok(()) => self.length += self.bytes.len() as u64,
                Err(_) => {
                    // A part of an observation is left out again.
                    let _ = self.file.set_len(self.length);
                    self.has_failed = true;
                }
            }
        }
        self.bytes.clear();
        outcome.map_err(|error| error.to_string())
    }
}
