//! Return addresses to modules and offsets, as addr2line(1) takes them.
//!
//! What is loaded is read at report time.
//!
//! Surprising: a module that was closed since the call is not found; its frames keep the bare address.

use crate::questions::modules::{Module, loaded};
use crate::runtime::lock::{Locked, PATIENCE};
use crate::runtime::sandbox::{self, Call};
use epshim_observe::What;
use epshim_report::Frame;
use epshim_report::printable;
use rustix::fs::{CWD, readlinkat_raw};
use std::mem::MaybeUninit;

/// The frames of a stack of return addresses. A frame names the call: the byte before the address.
pub fn locate(addresses: &[usize]) -> Vec<Frame> {
    if sandbox::entered_at().is_some() {
        let kept = |kept: &mut Option<Vec<Named>>| Some(frames_in(addresses, kept.as_ref()?));
        return KEPT.with(PATIENCE, kept).flatten().unwrap_or_else(|| frames_in(addresses, &[]));
    }
    frames_in(addresses, &named())
}

/// A module and its name.
#[derive(Debug)]
struct Named(Module, String);

/// What is loaded, before the program enters a sandbox.
static KEPT: Locked<Option<Vec<Named>>> = Locked::new(None);

fn named() -> Vec<Named> {
    loaded()
        .into_iter()
        .map(|module| (name(&module), module))
        .map(|(name, module)| Named(module, name))
        .collect()
}

/// The program is about to enter a sandbox, where nothing of this can be asked.
pub fn keep() {
    let modules = named();
    KEPT.with(PATIENCE, |kept| *kept = Some(modules));
}

/// It did not enter it.
pub fn forget() {
    KEPT.with(PATIENCE, |kept| *kept = None);
}

/// What is loaded, as a recording says it.
pub fn modules() -> Vec<What<'static>> {
    let mapped = |Named(module, name): &Named| {
        let code: Vec<_> = module.code().collect();
        let (module, base) = (name.clone(), module.base as u64);
        code.into_iter().map(move |code| What::Mapped {
            module: module.clone(),
            base,
            start: code.start as u64,
            end: code.end as u64,
        })
    };
    named().iter().flat_map(mapped).collect()
}

fn frames_in(addresses: &[usize], modules: &[Named]) -> Vec<Frame> {
    let places = addresses.iter().map(|address| address.wrapping_sub(1));
    places.map(|address| frame(address, modules)).collect()
}

fn frame(address: usize, modules: &[Named]) -> Frame {
    let (module, offset) = match modules.iter().find(|Named(module, _)| module.has(address)) {
        Some(Named(module, name)) => (name.clone(), address.wrapping_sub(module.base)),
        None => (String::new(), address),
    };
    Frame::at(module, offset as u64)
}

fn name(module: &Module) -> String {
    let name = if module.is_program { program() } else { module.name() };
    name.map_or_else(|| "?".to_owned(), |name| printable::utf8(&name).into_owned())
}

/// The program's path.
fn program() -> Option<Vec<u8>> {
    if !sandbox::may(Call::Descriptors) {
        return None;
    }
    let mut buffer = [MaybeUninit::uninit(); libc::PATH_MAX as usize];
    let (path, _) = readlinkat_raw(CWD, c"/proc/thread-self/exe", &mut buffer).ok()?;
    Some(path.to_vec())
}
