//! [`Output`]: what a child writes to a pipe, read all the time by a thread, so that the child never
//! blocks on a full pipe.
//!
//! It can be looked at whole and read line by line; neither changes what the other sees. The thread
//! ends with the pipe, which may outlive the child: its own children have it too.

use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// What came out of a pipe so far.
pub struct Output {
    shared: Arc<Shared>,
    /// How many bytes were returned as lines.
    taken: usize,
}

#[derive(Default)]
struct Shared {
    text: Mutex<Text>,
    /// Announced whenever `text` changes.
    changed: Condvar,
}

#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Output {
    /// Begins to read a pipe.
    pub fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::<Shared>::default();
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut some) {
                all.text().bytes.extend_from_slice(&some[..count]);
                all.changed.notify_all();
            }
            all.text().is_whole = true;
            all.changed.notify_all();
        });
        Self { shared, taken: 0 }
    }

    /// All of it so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.shared.text().bytes).into_owned()
    }

    /// The next line, without its end, once it is there; nothing at the end of the output. The error
    /// is `TimedOut`, also where more lines are there: a child may write without end.
    pub fn next_line(&mut self, until: Instant) -> io::Result<Option<String>> {
        let mut text = self.shared.text();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let rest = &text.bytes[self.taken..];
            let end = rest.iter().position(|&byte| byte == b'\n');
            if let Some(length) = end.or((text.is_whole && !rest.is_empty()).then_some(rest.len()))
            {
                let line = String::from_utf8_lossy(&rest[..length]).into_owned();
                self.taken += length + usize::from(end.is_some());
                return Ok(Some(line));
            }
            if text.is_whole {
                return Ok(None);
            }
            let waited = self.shared.changed.wait_timeout(text, left);
            text = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The lines that were not read yet, once there can be no more.
    pub fn rest(&mut self, until: Instant) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        while let Some(line) = self.next_line(until)? {
            lines.push(line);
        }
        Ok(lines)
    }
}

impl Shared {
    fn text(&self) -> MutexGuard<'_, Text> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Output;
    use crate::deadline;
    use std::io::{ErrorKind, Write};
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    #[test]
    fn lines_come_one_by_one_and_the_whole_stays() {
        let until = deadline();
        let mut output = Output::of(&b"one\n\nthree\nno end"[..]);
        assert_eq!(output.next_line(until).unwrap().as_deref(), Some("one"));
        assert_eq!(output.next_line(until).unwrap().as_deref(), Some(""));
        assert_eq!(output.rest(until).unwrap(), ["three", "no end"]);
        assert_eq!(output.next_line(until).unwrap(), None);
        assert_eq!(output.text(), "one\n\nthree\nno end");
    }

    #[test]
    fn half_a_line_is_waited_for_and_not_for_ever() {
        let (mut writer, reader) = UnixStream::pair().unwrap();
        let mut output = Output::of(reader);
        writer.write_all(b"half").unwrap();
        let soon = Instant::now() + Duration::from_millis(20);
        assert_eq!(output.next_line(soon).unwrap_err().kind(), ErrorKind::TimedOut);
        writer.write_all(b" and half\n").unwrap();
        let until = deadline();
        assert_eq!(output.next_line(until).unwrap().as_deref(), Some("half and half"));
        drop(writer);
        assert_eq!(output.next_line(until).unwrap(), None);
    }

    #[test]
    fn nothing_is_read_after_the_end_of_the_time() {
        let mut output = Output::of(&b"one\ntwo\n"[..]);
        assert_eq!(output.next_line(deadline()).unwrap().as_deref(), Some("one"));
        assert_eq!(output.rest(Instant::now()).unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
