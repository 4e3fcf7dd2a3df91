//! CPython: the program is the interpreter, or has it as a library.

use super::frame::Frame;
use super::loaded::Loaded;
use super::remote::Remote;
use crate::gather::Folder;
use crate::look::Runtime;
use crate::texts::maps::Mapping;
use epshim_interpreters::python::{Interpreter, Reader, Unknown};
use epshim_interpreters::user;
use std::ops::ControlFlow;

/// A thread that runs changes its frames while they are read; it is tried again.
const TRIES: usize = 5;
/// The most frames that are kept.
const MOST: usize = 64;

/// An interpreter, and what reads its frames.
#[derive(Debug)]
pub(super) struct Python {
    interpreter: Interpreter,
    reader: Reader,
}

impl Python {
    /// Finds it. `None`: there is none. An error is a sentence.
    pub(super) fn find(
        process: &Folder,
        memory: &mut Remote<'_>,
        mappings: &[Mapping],
        runtime: Runtime,
    ) -> Option<Result<Self, String>> {
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let library = mappings.iter().find(|one| base(&one.path).starts_with("libpython"));
        let loaded = match library {
            Some(library) => Loaded::library(process, &library.path, mappings),
            None if runtime == Runtime::Python => Loaded::program(process, mappings),
            None => return None,
        };
        let found = loaded.as_ref().and_then(|loaded| Some((loaded.file()?, loaded.moved_by)));
        let Some((file, moved_by)) = found else {
            return Some(Err("the file of its Python cannot be read".to_owned()));
        };
        let runtime = file.python_runtime();
        let address_of = |name: &str| {
            let address = if name == "_PyRuntime" { runtime } else { file.symbol(name) };
            Some(address?.wrapping_add(moved_by))
        };
        match Interpreter::find(memory, address_of) {
            Ok(interpreter) => {
                let reader = Reader::new(interpreter)?;
                Some(Ok(Self { interpreter, reader }))
            }
            // A wrapper that is only called so.
            Err(Unknown::NoPython) => None,
            Err(why) => Some(Err(why.to_string())),
        }
    }

    /// The frames of a thread.
    pub(super) fn frames(&mut self, memory: &mut Remote<'_>, thread: u64) -> Vec<Frame> {
        for _ in 0..TRIES {
            let Some(thread) = self.interpreter.thread_of(memory, thread) else { continue };
            let mut frames = Vec::new();
            let is_whole = self.reader.frames(memory, thread.state, &mut |frame| {
                frames.push(Frame {
                    file: Some(frame.file.to_owned()),
                    function: frame.function.to_owned(),
                    line: frame.line,
                    is_users: user::is_python(frame.file),
                });
                if frames.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            if is_whole {
                return frames;
            }
        }
        Vec::new()
    }
}
