//! Python's asyncio and Node: a program each that does what their users do, and checks its results.

use crate::checked::{Checked, source};
use epshim_harness::process::stdout_of;
use epshim_harness::tools::are_there;
use std::process::Command;

/// The interpreter itself: `python3` may be a script that looks for it.
fn python() -> String {
    let program = "import sys; print(sys.executable)";
    stdout_of(Command::new("python3").args(["-c", program])).trim().to_owned()
}

#[test]
fn asyncio_is_silent() {
    if are_there(&["python3"]) {
        let program = source("loop.py");
        let checked = Checked::start("asyncio", &[&python(), program.to_str().unwrap()]);
        checked.ends_with(0).is_silent();
    }
}

#[test]
fn node_is_silent() {
    if are_there(&["node"]) {
        let program = source("loop.js");
        let checked = Checked::start("node", &["node", program.to_str().unwrap()]);
        checked.ends_with(0).is_silent();
    }
}

/// What is silent must be able to speak.
#[test]
fn what_is_wrong_is_heard() {
    if are_there(&["python3"]) {
        let program = "import os, select\n\
                       epoll = select.epoll()\n\
                       r, w = os.pipe()\n\
                       epoll.register(r, select.EPOLLIN)\n\
                       os.close(r)\n\
                       try: epoll.unregister(r)\n\
                       except OSError: pass\n\
                       epoll.poll(0)\n";
        let ended = Checked::start("heard", &[&python(), "-c", program]).ends_with(0);
        assert_eq!(ended.findings(), [("ctl-error", "fact")], "{}", ended.said);
    }
}
