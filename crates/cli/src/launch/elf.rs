//! What a program's ELF file says of how it will run. Only the headers and the dynamic section are
//! read, however large the file is.

use super::environment::is_sanitizer;
use crate::input;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};
use object::{Endianness, FileKind, ReadCache, ReadRef};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// The facts of one ELF file.
#[derive(Debug, Clone)]
pub struct Elf {
    pub machine: Machine,
    pub libc: Option<Libc>,
    /// What preloads libraries: ld.so. A static program has none.
    pub interpreter: Option<PathBuf>,
    /// Built by the Go toolchain.
    pub is_go: bool,
    /// The sanitizers' runtimes that it needs. One that is linked in statically needs nothing: it comes
    /// before all libraries.
    pub sanitizers: Vec<OsString>,
}

/// What instructions, of what size and order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    machine: u16,
    is_64: bool,
    is_big: bool,
}

/// A C library; two of them do not go into one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    Glibc,
    Musl,
    Bionic,
}

/// Reads a file; nothing if it is no ELF file.
pub fn read(path: &Path) -> io::Result<Option<Elf>> {
    let cache = ReadCache::new(input::regular(path)?);
    let broken = |error: object::read::Error| io::Error::new(io::ErrorKind::InvalidData, error);
    match FileKind::parse(&cache) {
        Ok(FileKind::Elf32) => {
            facts::<FileHeader32<Endianness>, _>(&cache).map(Some).map_err(broken)
        }
        Ok(FileKind::Elf64) => {
            facts::<FileHeader64<Endianness>, _>(&cache).map(Some).map_err(broken)
        }
        _ => Ok(None),
    }
}

fn facts<'data, H, R>(data: R) -> object::read::Result<Elf>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let mut interpreter = None;
    for segment in header.program_headers(endian, data)? {
        interpreter = interpreter.or(segment.interpreter(endian, data)?);
    }
    let needed = needed(header, endian, data)?;
    let sections = header.sections(endian, data)?;
    let has = |name: &[u8]| sections.section_by_name(endian, name).is_some();
    Ok(Elf {
        machine: Machine {
            machine: header.e_machine(endian),
            is_64: header.is_class_64(),
            is_big: header.is_big_endian(),
        },
        libc: libc(interpreter, &needed),
        interpreter: interpreter.map(|path| OsString::from_vec(path.to_vec()).into()),
        is_go: has(b".go.buildinfo") || has(b".note.go.buildid"),
        sanitizers: needed
            .into_iter()
            .filter(|name| is_sanitizer(name))
            .map(|name| OsString::from_vec(name.to_vec()))
            .collect(),
    })
}

/// The names of the libraries that it needs. The string table is found as ld.so finds it, by its
/// address: sections may have been stripped.
fn needed<'data, H, R>(
    header: &H,
    endian: Endianness,
    data: R,
) -> object::read::Result<Vec<&'data [u8]>>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let segments = header.program_headers(endian, data)?;
    let mut dynamic: &[H::Dyn] = &[];
    for segment in segments {
        dynamic = segment.dynamic(endian, data)?.unwrap_or(dynamic);
    }
    let tagged = |tag| dynamic.iter().filter(move |entry| entry.tag32(endian) == Some(tag));
    let value = |tag| tagged(tag).next().map(|entry| entry.d_val(endian).into());
    let (Some(address), Some(size)) = (value(elf::DT_STRTAB), value(elf::DT_STRSZ)) else {
        return Ok(Vec::new());
    };
    let strings = segments
        .iter()
        .filter(|segment| segment.p_type(endian) == elf::PT_LOAD)
        .find_map(|segment| segment.data_range(endian, data, address, size).ok().flatten());
    let strings = strings.unwrap_or_default();
    let name = |entry: &H::Dyn| {
        let offset = usize::try_from(entry.d_val(endian).into()).ok()?;
        strings.get(offset..)?.split(|&byte| byte == 0).next()
    };
    Ok(tagged(elf::DT_NEEDED).filter_map(name).collect())
}

/// The interpreter of a program names its C library; a library has none, and needs the C library itself.
fn libc(interpreter: Option<&[u8]>, needed: &[&[u8]]) -> Option<Libc> {
    let contains = |text: &[u8], part: &str| String::from_utf8_lossy(text).contains(part);
    if let Some(path) = interpreter {
        return Some(match path {
            _ if contains(path, "/ld-musl-") => Libc::Musl,
            _ if contains(path, "/system/bin/linker") => Libc::Bionic,
            _ => Libc::Glibc,
        });
    }
    needed.iter().find_map(|name| match *name {
        b"libc.so.6" | b"libc.so.6.1" => Some(Libc::Glibc),
        b"libc.so" => Some(Libc::Musl),
        _ if contains(name, "libc.musl-") => Some(Libc::Musl),
        _ => None,
    })
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.machine {
            elf::EM_386 => "x86",
            elf::EM_X86_64 => "x86-64",
            elf::EM_ARM => "ARM",
            elf::EM_AARCH64 => "AArch64",
            elf::EM_RISCV => "RISC-V",
            elf::EM_PPC => "PowerPC",
            elf::EM_PPC64 => "PowerPC 64",
            elf::EM_S390 => "S/390",
            elf::EM_MIPS => "MIPS",
            elf::EM_SPARCV9 => "SPARC V9",
            elf::EM_LOONGARCH => "LoongArch",
            other => return write!(f, "ELF machine {other}"),
        };
        let bits = if self.is_64 { 64 } else { 32 };
        let order = if self.is_big { "big-endian" } else { "little-endian" };
        write!(f, "{name} ({bits}-bit, {order})")
    }
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
            Self::Bionic => "bionic",
        })
    }
}
