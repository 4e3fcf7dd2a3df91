//! Functions, files and lines, from `epshim symbolize` (crates/cli): a program of its own, so that no
//! debug information is ever read into the watched one.
//!
//! A side process starts the symbolizer, with no descriptor of the program's and an empty environment:
//! what is preloaded, and the options, are not for it.
//!
//! Surprising: until the symbolizer is executed, its process shares this memory too. Nothing is
//! allocated there.

use crate::output::writing::reason;
use crate::questions::fd::{FdNumber, close};
use crate::questions::side_process::{self, Failure, Stack};
use crate::runtime::process;
use epshim_report::Frame;
use epshim_report::dialogue::{self, Program};
use epshim_report::printable;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use rustix::io::{self, Errno, read, write};
use rustix::pipe::pipe;
use rustix::process::{Pid, Signal, kill_process};
use rustix::stdio::dup2_stdout;
use rustix::time::{ClockId, clock_gettime};
use std::ffi::{CStr, c_char};
use std::ptr;
use std::time::Duration;

/// How long the symbolizer may take for all questions together, in milliseconds.
const PATIENCE: i64 = 10_000;

/// Asks for the symbols of frames. The answers are filled in, also where something went wrong after
/// them: then the error says what.
pub fn symbolize(command: &CStr, program: Program<'_>, frames: &mut [Frame]) -> Result<(), String> {
    symbolize_within(command, program, frames, PATIENCE)
}

/// The same, within this number of milliseconds.
pub fn symbolize_within(
    command: &CStr,
    program: Program<'_>,
    frames: &mut [Frame],
    patience: i64,
) -> Result<(), String> {
    let questions = dialogue::questions(frames, program);
    if questions.is_empty() {
        return Ok(());
    }
    let mut answers = Vec::new();
    let outcome = side_process::run(|| run(command, questions.as_bytes(), &mut answers, patience));
    let complete = dialogue::answers(&printable::utf8(&answers), frames);
    let trouble = match outcome {
        Ok(Ok(())) if complete => return Ok(()),
        Ok(Ok(())) => "ended before it had answered".to_owned(),
        Ok(Err(Trouble::NotRun(error))) => format!("cannot be run: {}", reason(error)),
        Ok(Err(Trouble::TooSlow)) => "took too long".to_owned(),
        Ok(Err(Trouble::Failed(error))) => format!("cannot be asked: {}", reason(error)),
        Err(Failure::Refused) => "may not be run".to_owned(),
        Err(Failure::Died) => "was not asked to the end".to_owned(),
    };
    Err(format!("{} {trouble}", command.to_string_lossy()))
}

enum Trouble {
    /// It could not be executed.
    NotRun(Errno),
    /// A pipe failed.
    Failed(Errno),
    TooSlow,
}

impl From<Errno> for Trouble {
    fn from(error: Errno) -> Self {
        Self::Failed(error)
    }
}

/// In the side process: runs the command, and exchanges questions for answers.
fn run(
    command: &CStr,
    questions: &[u8],
    answers: &mut Vec<u8>,
    patience: i64,
) -> Result<(), Trouble> {
    (0..3).for_each(close);
    // The table is empty: these are 0 to 3.
    let (its_input, to) = pipe_numbers()?;
    let (from, its_output) = pipe_numbers()?;
    let child = execute(command, its_output)?;
    its_input.close();
    its_output.close();
    let outcome = exchange(to, from, questions, answers, patience);
    // The symbolizer has nothing more to say, or took too long to say it.
    let _ = kill_process(child, Signal::KILL);
    side_process::wait(child);
    outcome
}

fn pipe_numbers() -> io::Result<(FdNumber, FdNumber)> {
    let (output, input) = pipe()?;
    Ok((FdNumber::of(output), FdNumber::of(input)))
}

/// Runs the command on descriptor 0 and this one.
fn execute(command: &CStr, its_output: FdNumber) -> Result<Pid, Trouble> {
    let stack = Stack::new().ok_or(Trouble::Failed(Errno::NOMEM))?;
    let mut failure = None;
    let child = side_process::start(&stack, 0, || failure = Some(replace(command, its_output)));
    let child = child.ok_or(Trouble::Failed(Errno::AGAIN))?;
    match failure {
        None => Ok(child),
        Some(error) => {
            side_process::wait(child);
            Err(Trouble::NotRun(error))
        }
    }
}

/// In the symbolizer's own process: returns only if it fails.
fn replace(command: &CStr, its_output: FdNumber) -> Errno {
    if let Err(error) = dup2_stdout(its_output) {
        return error;
    }
    its_output.close();
    // /dev/null gets the lowest number that is free, 2. Without it the symbolizer has no standard error.
    close(2);
    if let Ok(null) = open(c"/dev/null", OFlags::WRONLY, Mode::empty()) {
        let _ = FdNumber::of(null);
    }
    let arguments = [command.as_ptr(), c"symbolize".as_ptr(), ptr::null()];
    let environment: [*const c_char; 1] = [ptr::null()];
    // SAFETY: strings, and arrays of strings that end with null.
    unsafe { process::execute(command.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    // SAFETY: errno of the thread that waits for this child: the memory is shared.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}

/// Writes all questions and reads all answers, both at once: a pipe that is full holds its writer.
fn exchange(
    to: FdNumber,
    from: FdNumber,
    mut questions: &[u8],
    answers: &mut Vec<u8>,
    patience: i64,
) -> Result<(), Trouble> {
    fcntl_setfl(to, OFlags::NONBLOCK)?;
    let end = milliseconds() + patience;
    let mut piece = [0; 4096];
    loop {
        let left = end - milliseconds();
        if left <= 0 {
            return Err(Trouble::TooSlow);
        }
        let mut ready = [PollFd::new(&from, PollFlags::IN), PollFd::new(&to, PollFlags::OUT)];
        let polled = if questions.is_empty() { &mut ready[..1] } else { &mut ready[..] };
        let timeout = Timespec { tv_sec: left / 1000, tv_nsec: (left % 1000 * 1_000_000) as _ };
        io::retry_on_intr(|| poll(polled, Some(&timeout)))?;
        let [can_read, can_write] = ready.map(|ready| !ready.revents().is_empty());
        if can_write {
            questions = match write(to, questions) {
                Ok(written) => &questions[written..],
                Err(Errno::AGAIN) => questions,
                // The symbolizer has ended; its answers are still to be read.
                Err(_) => &[],
            };
            if questions.is_empty() {
                to.close();
            }
        }
        if can_read {
            match read(from, &mut piece)? {
                0 => return Ok(()),
                got => answers.extend_from_slice(&piece[..got]),
            }
        }
    }
}

fn milliseconds() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32).as_millis() as i64
}
