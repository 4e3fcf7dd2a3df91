//! The targets of fuzzing: all that reads foreign bytes here, as plain functions. `bytes.rs` calls them with a fixed
//! corpus and with random bytes, and cargo-fuzz with what it makes up (`fuzz/`).

use epshim_interpreters::go::{Inlined, Table as GoTable, calls};
use epshim_interpreters::perf_map::Map;
use epshim_interpreters::python::{
    Interpreter, MOST_FRAMES, MOST_THREADS, Reader, Strings, Table, decode, line_at,
};
use epshim_interpreters::{Module, Process, user};
use std::ops::ControlFlow::Continue;

/// A process all of whose memory are these bytes, again and again from every multiple of their length: most
/// numbers that are taken for addresses lead somewhere.
struct Image<'a> {
    bytes: &'a [u8],
    reads: usize,
}

impl Process for Image<'_> {
    fn read(&mut self, address: u64, to: &mut [u8]) -> usize {
        self.reads += 1;
        let start = address as usize % self.bytes.len().max(1);
        let there = &self.bytes[start.min(self.bytes.len())..];
        let size = there.len().min(to.len());
        to[..size].copy_from_slice(&there[..size]);
        size
    }

    fn module_at(&mut self, _address: u64) -> Option<Module> {
        None
    }
}

/// Tables of lines of Python.
pub fn lines(bytes: &[u8]) {
    for table in [Table::Pairs, Table::Ranges, Table::Locations] {
        for offset in [0, 1, 2, 100, 65536, u64::MAX] {
            for first in [0, 1, u32::MAX] {
                let _ = line_at(table, first, offset, bytes.iter().copied());
            }
        }
    }
}

/// Texts of Python, of each width.
pub fn texts(bytes: &[u8]) {
    for width in 0..=5 {
        let mut text = Strings::new().expect("memory");
        decode(bytes, width, &mut text);
        decode(bytes, width, &mut text);
        assert!(text.text().chars().count() <= 2 * bytes.len());
        let _ = user::is_python(text.text());
    }
}

/// The memory of a process that may be Python.
pub fn python(bytes: &[u8]) {
    // To each version what it is known by; the cookie is in the bytes, or not.
    let known =
        ["Py_Version", "PyIter_Send", "PyThreadState_GetFrame", "PyConfig_InitPythonConfig"];
    let always = ["_PyRuntime", "PyCode_Type", "PyUnicode_Type", "PyBytes_Type"];
    for mark in known {
        let mut image = Image { bytes, reads: 0 };
        let address_of = |name: &str| (always.contains(&name) || name == mark).then_some(8);
        let Ok(interpreter) = Interpreter::find(&mut image, address_of) else { continue };
        let mut threads = 0;
        interpreter.threads(&mut image, |_| threads += 1);
        assert!(threads <= MOST_THREADS);
        let mut reader = Reader::new(interpreter).expect("memory");
        for state in [0, 1, 8, 64, u64::MAX] {
            let (mut frames, before) = (0, image.reads);
            reader.frames(&mut image, state, &mut |frame| {
                assert!(frame.file.len() <= 1024 && frame.function.len() <= 1024);
                frames += 1;
                Continue(())
            });
            assert!(frames <= MOST_FRAMES);
            assert!(image.reads - before <= MOST_FRAMES * 5000, "{}", image.reads);
        }
    }
}

/// Tables of Go: .gopclntab, and what it inlined.
pub fn go(bytes: &[u8]) {
    let Some(table) = GoTable::parse(bytes, 0x1000) else { return };
    let mut image = Image { bytes, reads: 0 };
    let inlined = Inlined::find(&mut image, &table, 8, &[7..7, 0..bytes.len() as u64]);
    for address in [0, 0x1000, 0x1001, 0x1010, 0x2000, u64::MAX] {
        let _ = table.at(address);
        for inlined in [None, inlined] {
            let _ = calls(&mut image, &table, inlined, 0, address, 16);
        }
    }
}

/// The list of a just-in-time compiler.
pub fn perf_map(bytes: &[u8]) {
    let map = Map::parse(bytes.to_vec());
    for address in [0, 1, 0x7f00, u64::MAX] {
        assert!(map.at(address).is_none_or(|name| !name.is_empty()));
    }
}
