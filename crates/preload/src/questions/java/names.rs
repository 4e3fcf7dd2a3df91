//! The names of a frame of Java: its file below the folder of the sources, `com/example/Server.java`, and its method
//! with the class, `com.example.Server.accept`.
//!
//! They lie on the stack: the library's own heap is not to be used here.

use super::functions::{Env, Frame, Jvmti};
use crate::questions::line::LONGEST;

/// A frame's names.
pub struct Names {
    file: Text,
    function: Text,
}

impl Names {
    /// `None`: the machine does not say whose method it is.
    ///
    /// # Safety
    /// It is the calling thread's environment and a frame of this thread, which is in native code.
    pub unsafe fn of(env: Env, jvmti: &Jvmti, frame: &Frame) -> Option<Self> {
        let mut names = Self { file: Text::new(), function: Text::new() };
        let Self { file, function } = &mut names;
        // SAFETY: as the caller has it; the reference is given back, and not used then.
        unsafe {
            let class = jvmti.class(frame.method);
            if class.is_null() {
                return None;
            }
            jvmti.with_class(class, |name| {
                let name = name.strip_prefix(b"L").unwrap_or(name);
                let name = name.strip_suffix(b";").unwrap_or(name);
                let folder = name.iter().rposition(|&byte| byte == b'/').map_or(0, |end| end + 1);
                function.add(name);
                function.bytes[..function.length]
                    .iter_mut()
                    .filter(|byte| **byte == b'/')
                    .for_each(|byte| *byte = b'.');
                function.add(b".");
                file.add(&name[..folder]);
            });
            jvmti.with_method(frame.method, |name| function.add(name));
            jvmti.with_file(
                class,
                |name| if name.is_empty() { file.length = 0 } else { file.add(name) },
            );
            env.delete(class);
        }
        Some(names)
    }

    /// The file; nothing: a class that was made while the program ran.
    pub fn file(&self) -> &[u8] {
        self.file.bytes()
    }

    /// The class and the method.
    pub fn function(&self) -> &[u8] {
        self.function.bytes()
    }
}

struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = &mut self.bytes[self.length..];
        let count = bytes.len().min(room.len());
        room[..count].copy_from_slice(&bytes[..count]);
        self.length += count;
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
