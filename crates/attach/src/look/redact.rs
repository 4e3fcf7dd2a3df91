//! Takes addresses and paths out of a look, before anything is said of it: whatever is written of it has none.

use super::{Address, File, Kind, Look, Socket};

const HIDDEN: &str = "(hidden)";

/// Takes them out.
pub fn redact(look: &mut Look) {
    if let Some(program) = &mut look.process.program {
        HIDDEN.clone_into(program);
    }
    look.files.values_mut().for_each(file);
    look.keepers.iter_mut().for_each(|keeper| file(&mut keeper.state));
}

fn file(file: &mut File) {
    match &mut file.kind {
        Kind::Socket(Some(socket)) => hide(socket),
        // Names of the kernel's say nothing of the user.
        Kind::Named(name) if !name.starts_with("anon_inode:") => HIDDEN.clone_into(name),
        _ => {}
    }
}

fn hide(socket: &mut Socket) {
    for address in [&mut socket.local, &mut socket.peer] {
        if address.is_some() {
            *address = Address::Name(HIDDEN.to_owned());
        }
    }
}
