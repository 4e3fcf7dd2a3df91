//! Return addresses to modules and offsets, as addr2line(1) takes them.
//!
//! What is loaded is read at report time.
//!
//! Surprising: a module that was closed since the call is not found; its frames keep the bare address.

use crate::questions::modules::{Module, loaded};
use epshim_check::printable;
use epshim_check::report::Frame;
use rustix::fs::{CWD, readlinkat_raw};
use std::mem::MaybeUninit;

/// The frames of a stack of return addresses. A frame names the call: the byte before the address.
pub fn locate(addresses: &[usize]) -> Vec<Frame> {
    let modules = loaded();
    let places = addresses.iter().map(|address| address.wrapping_sub(1));
    places.map(|address| frame(address, &modules)).collect()
}

fn frame(address: usize, modules: &[Module]) -> Frame {
    let (module, offset) = match modules.iter().find(|module| module.has(address)) {
        Some(module) => (name(module), address.wrapping_sub(module.base)),
        None => (String::new(), address),
    };
    Frame { module, offset: offset as u64, symbols: Vec::new() }
}

fn name(module: &Module) -> String {
    let name = if module.is_program { program() } else { module.name() };
    name.map_or_else(|| "?".to_owned(), |name| printable::utf8(&name).into_owned())
}

/// The program's path.
fn program() -> Option<Vec<u8>> {
    let mut buffer = [MaybeUninit::uninit(); libc::PATH_MAX as usize];
    let (path, _) = readlinkat_raw(CWD, c"/proc/self/exe", &mut buffer).ok()?;
    Some(path.to_vec())
}
