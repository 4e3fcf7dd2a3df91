//! What a program is written in, as far as that changes what a look may say: a Go program keeps the readiness of
//! its descriptors itself, and leaves edges in the kernel rightly.

use super::folder::Folder;
use crate::look::Runtime;
use object::read::elf::ElfFile64;
use object::{Endianness, Object as _, ReadCache};
use rustix::fd::OwnedFd;
use std::fs::File;
use std::sync::OnceLock;

/// By the program's file, or else by its name.
pub(crate) fn of(process: &Folder, program: Option<&str>) -> Runtime {
    let base = program.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let base = base.strip_suffix(" (deleted)").unwrap_or(base);
    match base {
        "node" | "nodejs" => Runtime::Node,
        "java" => Runtime::Java,
        _ if base.starts_with("python") => Runtime::Python,
        _ if is_go(process) => Runtime::Go,
        _ => Runtime::Unknown,
    }
}

/// Whether the program has the section that Go's linker leaves also in a stripped one.
fn is_go(process: &Folder) -> bool {
    let Ok(file) = process.file("exe").map(File::from) else { return false };
    let cache = ReadCache::new(file);
    let Ok(elf) = ElfFile64::<Endianness, _>::parse(&cache) else { return false };
    elf.section_by_name(".go.buildinfo").is_some()
}

/// Whether a program's machine and word size are those of this one.
pub(crate) fn is_native(process: &Folder) -> bool {
    let Ok(file) = process.file("exe") else { return true };
    static OWN: OnceLock<Option<[u8; 4]>> = OnceLock::new();
    let own = || Folder::of(std::process::id() as i32).and_then(|own| own.file("exe"));
    match (header(&file), *OWN.get_or_init(|| own().ok().as_ref().and_then(header))) {
        (Some(its), Some(own)) => its == own,
        _ => true,
    }
}

/// The class and the byte order of a program, and e_machine.
fn header(file: &OwnedFd) -> Option<[u8; 4]> {
    let mut bytes = [0; 20];
    let is_whole = rustix::io::pread(file, &mut bytes, 0) == Ok(bytes.len());
    is_whole.then_some([bytes[4], bytes[5], bytes[18], bytes[19]])
}
