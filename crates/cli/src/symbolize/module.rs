//! One ELF file's debug information, its own or in a separate file, and its symbols.

use crate::input;
use addr2line::{Loader, demangle_auto};
use object::read::{File as ObjectFile, ReadCache, ReadRef};
use object::{Object as _, ObjectSymbol as _, SymbolKind};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The answer where nothing is known.
pub const UNKNOWN: &str = "??\t??\n";

/// Where distributions put what they strip: gdb's "Debugging Information in Separate Files".
const DEBUG: &str = "/usr/lib/debug";

/// A file and what was found for it.
pub struct Module {
    /// The separate debug file, if there is one, and the file itself.
    files: Vec<Loader>,
    symbols: Vec<Symbol>,
}

/// A function of the symbol table.
struct Symbol {
    address: u64,
    size: u64,
    name: String,
}

impl Module {
    /// Opens a module; nothing if there is no such file, or none that can be read.
    pub fn open(path: &Path) -> Option<Self> {
        let own = loader(path)?;
        let debug = separate(path);
        let mut symbols = functions(path).unwrap_or_default();
        symbols.extend(debug.iter().filter_map(|debug| functions(debug)).flatten());
        symbols.sort_by_key(|symbol| symbol.address);
        let debug = debug.and_then(|debug| loader(&debug));
        Some(Self { files: debug.into_iter().chain([own]).collect(), symbols })
    }

    /// The functions at an address, the innermost first, one line each.
    pub fn frames(&self, address: u64) -> String {
        let mut found = self.files.iter().filter_map(|file| self.lines(file, address));
        let found = found.find(|text| !text.is_empty());
        let symbol = || Some(format!("{}\t??\n", self.symbol(address)?));
        found.or_else(symbol).unwrap_or_else(|| UNKNOWN.to_owned())
    }

    /// What the debug information of a file says. Bad information is no information.
    fn lines(&self, file: &Loader, address: u64) -> Option<String> {
        let mut text = String::new();
        let mut frames = file.find_frames(address).ok()?;
        while let Some(frame) = frames.next().ok()? {
            let function = frame.function.as_ref().and_then(|function| function.demangle().ok());
            let function = function.map(|name| name.into_owned()).or_else(|| self.symbol(address));
            // The fields are separated by tabs, and no name has one.
            let function = function.as_deref().unwrap_or("??").replace(['\t', '\n'], " ");
            let place = frame.location.and_then(|location| {
                Some((location.file?.replace(['\t', '\n'], " "), location.line))
            });
            match place {
                Some((file, Some(line))) => writeln!(text, "{function}\t{file}:{line}").ok()?,
                Some((file, None)) => writeln!(text, "{function}\t{file}:??").ok()?,
                None => writeln!(text, "{function}\t??").ok()?,
            }
        }
        Some(text)
    }

    /// The function whose code is at an address. Not the nearest one before it, as a library without its
    /// symbol table would have it: that is some exported function, and wrong.
    fn symbol(&self, address: u64) -> Option<String> {
        let after = self.symbols.partition_point(|symbol| symbol.address <= address);
        let symbol = self.symbols[..after].last()?;
        let name = (address - symbol.address < symbol.size).then_some(&*symbol.name)?;
        Some(demangle_auto(name.into(), None).into_owned())
    }
}

/// The debug information of a file; nothing if it is none that can be read, and read to its end.
fn loader(path: &Path) -> Option<Loader> {
    input::regular(path).ok()?;
    Loader::new(path).ok()
}

/// A file up to this size is read at once: piece by piece, each name is a system call.
const WHOLE: u64 = 64 << 20;

/// The functions of a file's symbol tables.
fn functions(path: &Path) -> Option<Vec<Symbol>> {
    let file = input::regular(path).ok()?;
    if file.metadata().ok()?.len() <= WHOLE {
        return functions_of(&*input::text(file, WHOLE).ok()?);
    }
    functions_of(&ReadCache::new(file))
}

fn functions_of<'a>(data: impl ReadRef<'a>) -> Option<Vec<Symbol>> {
    let file = ObjectFile::parse(data).ok()?;
    let functions = file.symbols().chain(file.dynamic_symbols()).filter(|symbol| {
        symbol.is_definition() && symbol.kind() == SymbolKind::Text && symbol.size() > 0
    });
    let named = functions.filter_map(|symbol| {
        let name = symbol.name().ok()?.to_owned();
        Some(Symbol { address: symbol.address(), size: symbol.size(), name })
    });
    Some(named.collect())
}

/// The separate debug file of a module: by its build id, or by the name that it gives. One with
/// another build id is of another build.
fn separate(path: &Path) -> Option<PathBuf> {
    let (id, link) = links(path)?;
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let (first, rest) = hex.split_at_checked(2)?;
    let mut places = vec![PathBuf::from(format!("{DEBUG}/.build-id/{first}/{rest}.debug"))];
    if let (Some(link), Some(folder)) = (link, path.parent()) {
        let debug = Path::new(DEBUG).join(folder.strip_prefix("/").unwrap_or(folder));
        places.extend([folder.join(&link), folder.join(".debug").join(&link), debug.join(&link)]);
    }
    places.into_iter().find(|place| links(place).is_some_and(|(other, _)| other == id))
}

/// A file's build id, and its `.gnu_debuglink`.
fn links(path: &Path) -> Option<(Vec<u8>, Option<PathBuf>)> {
    let cache = ReadCache::new(input::regular(path).ok()?);
    let file = ObjectFile::parse(&cache).ok()?;
    let id = file.build_id().ok()??.to_vec();
    let link = file.gnu_debuglink().ok().flatten();
    Some((id, link.map(|(name, _)| PathBuf::from(OsStr::from_bytes(name)))))
}
