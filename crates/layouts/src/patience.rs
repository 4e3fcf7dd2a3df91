//! The wait for a compiler's end, which a header can put off for ever: one that includes a FIFO.
//!
//! The compiler is given up when it and what it has started have not run at all between two looks. A busy machine makes
//! it slow, which is no reason; but a minute is enough for the few lines that it is given.
//!
//! Surprising: gcc starts the compiler proper as a process of its own, which has the pipes too and would outlive it.
//! It is stopped first.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{self, Read, Write as _};
use std::process::{Child, Output};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// From one look to the next. Two in which nothing has run are the limit of 10 seconds.
const LOOK: Duration = Duration::from_secs(5);
/// Looks, until a compiler is given up that does run.
const LOOKS: u32 = 12;

/// What a compiler says of this source; nothing if it was stopped.
pub fn output(mut child: Child, source: &str) -> io::Result<Option<Output>> {
    let mut stdin = child.stdin.take().expect("it is piped");
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (sender, ended) = channel();
    let text = source.to_owned();
    // Each on a thread of its own: the compiler may write before it has read all, and to both. They end with it.
    thread::spawn(move || {
        // A compiler that stops early closes the pipe; its own message says more.
        let _ = stdin.write_all(text.as_bytes());
    });
    let errors = thread::spawn(move || read(stderr));
    thread::spawn(move || {
        let read = read(stdout);
        // The receiver is gone if the compiler was given up.
        let _ = sender.send((read, errors.join().unwrap_or_default()));
    });
    let mut last = None;
    for _ in 0..LOOKS {
        match ended.recv_timeout(LOOK) {
            Ok((stdout, stderr)) => {
                let status = child.wait()?;
                return Ok(Some(Output { status, stdout, stderr }));
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = ran(child.id());
        if now.is_some() && now == last {
            break;
        }
        last = now;
    }
    stop(child.id());
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn read(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before an error is what there is.
    let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
    bytes
}

/// How long a process and its children have run, in nanoseconds.
fn ran(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/schedstat")).ok()?;
    let own: u64 = text.split(' ').next()?.parse().ok()?;
    Some(children(process).into_iter().filter_map(ran).fold(own, u64::wrapping_add))
}

/// Stops the children of a process, and theirs.
fn stop(process: u32) {
    for child in children(process) {
        stop(child);
        let id = i32::try_from(child).ok().and_then(Pid::from_raw);
        // One that has ended already is good.
        let _ = id.map(|id| kill_process(id, Signal::KILL));
    }
}

fn children(process: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let text = text.unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
