//! Functions, files and lines of call sites in a process that is looked at from outside.

use crate::symbolize::module::Module;
use epshim_attach::stack;
use epshim_report::Frame;
use epshim_report::dialogue::symbol;
use std::collections::HashMap;
use std::path::Path;

/// The modules that were opened, by process and path.
#[derive(Default)]
pub struct Names(HashMap<(i32, String), Option<Module>>);

impl Names {
    /// A frame with what is known of it.
    pub fn named(&mut self, pid: i32, frame: stack::Frame) -> Frame {
        let stack::Frame { module, offset, .. } = frame;
        let Some(path) = module.filter(|path| path.starts_with('/')) else {
            return Frame::at(String::new(), offset);
        };
        let key = (pid, path.clone());
        let module = self.0.entry(key).or_insert_with(|| open(pid, &path));
        let text = module.as_ref().map_or(String::new(), |module| module.frames(offset));
        let symbols =
            text.lines().filter(|line| !line.starts_with("??")).filter_map(symbol).collect();
        Frame { module: path, offset, symbols, interpreted: None }
    }
}

/// Go's packages of system calls stand between the program and the kernel, as libc does elsewhere.
pub fn own(mut frames: Vec<Frame>) -> Vec<Frame> {
    const WRAPPERS: [&str; 5] = [
        "syscall.",
        "runtime/internal/syscall.",
        "internal/runtime/syscall.",
        "golang.org/x/sys/unix.",
        "runtime.epoll",
    ];
    let is_wrapper = |frame: &Frame| {
        let function = frame.symbols.first().map_or("", |symbol| symbol.function.as_str());
        WRAPPERS.iter().any(|prefix| function.starts_with(prefix))
    };
    let first = frames.iter().position(|frame| !is_wrapper(frame)).unwrap_or(0);
    frames.drain(..first);
    frames
}

/// As the process sees it; one that has ended has no root any more, and one that was replaced is there as its `exe`.
fn open(pid: i32, path: &str) -> Option<Module> {
    let removed = path.strip_suffix(" (deleted)");
    let inside = match removed {
        Some(_) => format!("/proc/{pid}/exe"),
        None => format!("/proc/{pid}/root{path}"),
    };
    Module::open(Path::new(&inside)).or_else(|| Module::open(Path::new(path)))
}
