//! Functions, files and lines of frames, for reports that the observer writes. It asks itself what the library asks
//! `epshim symbolize`, in a thread: debugging information may be large, or broken, and the observer has other things
//! to do meanwhile.

use crate::symbolize;
use epshim_report::Frame;
use epshim_report::dialogue::{self, Program};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// As long as the library waits for the symbolizer.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer that is awaited.
#[derive(Debug)]
pub struct Names {
    frames: Vec<Frame>,
    answer: Option<Receiver<Vec<u8>>>,
    since: SystemTime,
}

impl Names {
    /// Asks for the names of frames of a process.
    pub fn ask(frames: Vec<Frame>, pid: u32, is_wanted: bool) -> Self {
        let since = SystemTime::now();
        let now = since.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let program = Program { pid, since: now, folder: None };
        let questions = dialogue::questions(&frames, program);
        let (answers, answer) = channel();
        let work = move || {
            let mut text = Vec::new();
            let _ = symbolize::answer(questions.as_bytes(), &mut text);
            let _ = answers.send(text);
        };
        let is_asked = is_wanted && thread::Builder::new().spawn(work).is_ok();
        Self { frames, answer: is_asked.then_some(answer), since }
    }

    /// Whether there is an answer, or will be none.
    pub fn are_there(&mut self) -> bool {
        let Some(answer) = &self.answer else { return true };
        match answer.try_recv() {
            Ok(text) => self.take(Some(&text)),
            Err(TryRecvError::Disconnected) => self.take(None),
            Err(TryRecvError::Empty) if self.since.elapsed().is_ok_and(|time| time > PATIENCE) => {
                self.take(None);
            }
            Err(TryRecvError::Empty) => return false,
        }
        true
    }

    fn take(&mut self, text: Option<&[u8]>) {
        self.answer = None;
        if let Some(text) = text {
            dialogue::answers(&String::from_utf8_lossy(text), &mut self.frames);
        }
    }

    /// The frames, with the names that there are. Waits for them.
    pub fn wait(mut self) -> Vec<Frame> {
        if let Some(answer) = &self.answer {
            match answer.recv_timeout(PATIENCE) {
                Ok(text) => self.take(Some(&text)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => self.take(None),
            }
        }
        self.frames
    }
}
