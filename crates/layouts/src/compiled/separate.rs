//! Debugging information in files of its own: where distributions put it, what they share of it, and what a
//! compiler has split off.
//!
//! A file is used only if it is of the same build: by its build id, its checksum or its unit's number. Otherwise
//! it says another program's truth.

use super::elf::Elf;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where distributions put what they strip: gdb's "Debugging Information in Separate Files".
const DEBUG: &str = "/usr/lib/debug";

/// Opens a regular file. Nothing else is waited for: opening a FIFO would.
///
/// # Errors
///
/// As a rest of a sentence.
pub fn open(path: &Path) -> Result<File, String> {
    let wrong = |error: io::Error| format!("cannot be read: {error}");
    let options = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path);
    let file = options.map_err(wrong)?;
    let kind = file.metadata().map_err(wrong)?.file_type();
    match (kind.is_file(), kind.is_dir()) {
        (true, _) => Ok(file),
        (_, true) => Err("is a folder: --recursive searches it".to_owned()),
        _ => Err("is no regular file".to_owned()),
    }
}

/// `O_NONBLOCK` of Linux, but for the machines on which it is another.
const O_NONBLOCK: i32 = if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
    0x80
} else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
    0x4000
} else {
    0x800
};

fn read(path: &Path) -> Option<Elf> {
    Elf::read(io::BufReader::new(open(path).ok()?)).ok()
}

/// The file with the debugging information of another, and where it is.
pub fn debug(path: &Path, elf: &Elf) -> Option<(PathBuf, Elf)> {
    let mut places: Vec<_> = elf.build_id.as_deref().and_then(by_id).into_iter().collect();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let (Some((link, _)), Some(folder)) = (&elf.link, path.parent()) {
        let link = OsStr::from_bytes(link);
        let debug = Path::new(DEBUG).join(folder.strip_prefix("/").unwrap_or(folder));
        places.extend([folder.join(link), folder.join(".debug").join(link), debug.join(link)]);
    }
    let found = places.into_iter().filter_map(|place| Some((read(&place)?, place)));
    let mut found = found.filter(|(debug, place)| is_of(elf, debug, place));
    found.find(|(debug, _)| has_information(debug)).map(|(debug, place)| (place, debug))
}

/// Whether a file has debugging information of any kind.
pub fn has_information(elf: &Elf) -> bool {
    let sections = ["debug_info", "debug_info.dwo", "debug_types", "BTF"];
    sections.iter().any(|name| !elf.section(name).is_empty())
}

/// Whether one file has the debugging information of another.
pub fn is_of(elf: &Elf, debug: &Elf, place: &Path) -> bool {
    match (&elf.build_id, &debug.build_id, &elf.link) {
        (Some(id), Some(other), _) => id == other,
        (.., Some((_, sum))) => checksum(place).is_some_and(|other| other == *sum),
        _ => false,
    }
}

fn checksum(place: &Path) -> Option<u32> {
    let mut file = open(place).ok()?;
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    file.rewind().ok()?;
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(hasher.finalize()),
            got => hasher.update(&buffer[..got]),
        }
    }
}

fn by_id(id: &[u8]) -> Option<PathBuf> {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let (first, rest) = hex.split_at_checked(2)?;
    Some(PathBuf::from(format!("{DEBUG}/.build-id/{first}/{rest}.debug")))
}

/// The file that a file with debugging information shares some of with others (dwz).
///
/// # Errors
///
/// It says one that is not there.
pub fn shared(path: &Path, elf: &Elf) -> Result<Option<Elf>, String> {
    let Some((name, id)) = &elf.shared else { return Ok(None) };
    let name = Path::new(OsStr::from_bytes(name));
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut places = vec![folder.join(name)];
    places.extend(by_id(id));
    let file = name.file_name().unwrap_or_default();
    places.extend([folder.join(file), Path::new(DEBUG).join(".dwz").join(file)]);
    let mut found = places.iter().filter_map(|place| read(place));
    let found = found.find(|shared| shared.build_id.as_ref() == Some(id));
    let name = name.display();
    found.map(Some).ok_or_else(|| {
        format!(
            "shares debugging information with {name}, which is not there, or is of another build"
        )
    })
}

/// Where the part of a unit may be that the compiler has split off.
pub fn split(program: &Path, comp_dir: &[u8], name: &[u8]) -> Vec<PathBuf> {
    let name = Path::new(OsStr::from_bytes(name));
    let folder = program.parent().unwrap_or(Path::new(""));
    let file = name.file_name().unwrap_or_default();
    vec![Path::new(OsStr::from_bytes(comp_dir)).join(name), folder.join(name), folder.join(file)]
}

/// The package of all such parts (dwp).
pub fn package(program: &Path) -> Option<Elf> {
    let mut path = program.as_os_str().to_owned();
    path.push(".dwp");
    read(Path::new(&path))
}

/// A `.dwo`, or any other file that is there.
pub fn file(path: &Path) -> Option<Elf> {
    read(path)
}
