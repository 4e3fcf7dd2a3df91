//! The reader of a process: it finds out which language it is once, and is asked for threads.

use super::frame::{Frame, Language};
use super::go::Go;
use super::python::Python;
use super::remote::Remote;
use crate::gather::{Folder, Memory};
use crate::look::{Runtime, Thread};
use crate::texts::maps::Mapping;
use crate::texts::task;

/// The reader of a process's language.
#[derive(Debug)]
pub struct Reader<'a> {
    process: &'a Folder,
    memory: Remote<'a>,
    program: Program,
}

#[derive(Debug)]
enum Program {
    Python(Box<Python>),
    Go(Box<Go>),
    /// Its frames cannot be read: why, in a sentence.
    Unknown(Language, String),
    /// It is written in none of these.
    Other,
}

impl<'a> Reader<'a> {
    /// Finds the interpreter of a process, or its tables.
    #[must_use]
    pub fn of(
        process: &'a Folder,
        memory: &'a Memory,
        mappings: &[Mapping],
        runtime: Runtime,
    ) -> Self {
        let mut memory = Remote(memory);
        let program = match runtime {
            Runtime::Go => match Go::find(process, &mut memory, mappings) {
                Ok(go) => Program::Go(Box::new(go)),
                Err(why) => Program::Unknown(Language::Go, why),
            },
            _ => match Python::find(process, &mut memory, mappings, runtime) {
                Some(Ok(python)) => Program::Python(Box::new(python)),
                Some(Err(why)) => Program::Unknown(Language::Python, why),
                None => Program::Other,
            },
        };
        Self { process, memory, program }
    }

    /// The language. `None`: another one.
    #[must_use]
    pub const fn language(&self) -> Option<Language> {
        match &self.program {
            Program::Python(_) => Some(Language::Python),
            Program::Go(_) => Some(Language::Go),
            Program::Unknown(language, _) => Some(*language),
            Program::Other => None,
        }
    }

    /// Why nothing can be read, in a sentence.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        match &self.program {
            Program::Unknown(_, why) => Some(why),
            _ => None,
        }
    }

    /// The frames of a thread, the innermost first. None: it has no frame of the language's, or it moves too fast.
    pub fn frames(&mut self, thread: &Thread) -> Vec<Frame> {
        let inner = self.inner_id(thread.tid);
        match &mut self.program {
            Program::Python(python) => python.frames(&mut self.memory, inner),
            Program::Go(go) => go.frames(&mut self.memory, thread, inner),
            Program::Unknown(..) | Program::Other => Vec::new(),
        }
    }

    /// Of a program with threads of its own making (Go): the frames of some that wait, where no thread of the kernel's
    /// runs them.
    pub fn waiting(&mut self) -> Vec<Vec<Frame>> {
        match &self.program {
            Program::Go(go) => go.waiting(&mut self.memory),
            _ => Vec::new(),
        }
    }

    /// A thread's number as the process has it: in a pid namespace it is another one.
    fn inner_id(&self, tid: i32) -> u64 {
        let mut buffer = Vec::new();
        let text = self.process.read_short(format_args!("task/{tid}/status"), &mut buffer);
        let inner = text.ok().and_then(task::innermost_id).unwrap_or(tid);
        u64::try_from(inner).unwrap_or(0)
    }
}
