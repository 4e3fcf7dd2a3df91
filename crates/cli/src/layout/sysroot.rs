//! `--sysroot`: clang reads the header of any sysroot, and the golden table is held against it.
//!
//! clang alone knows every target, so that no cross compiler is needed, and nothing is run. Which
//! header was read is decided here and said in the answer: left alone, a compiler that misses the
//! sysroot's header takes the host's, and the answer is another target's.

use super::debian;
use super::host;
use super::statement::{Difference, Statement, differences};
use crate::output::{BAD, BOLD, GOOD, Output, PLAIN, shown};
use crate::scratch;
use epshim_layouts::Row;
use epshim_layouts::measure::{Compiler, Header};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Measures the sysroot's `<sys/epoll.h>` for the row's target and compares.
pub fn compare(sysroot: &Path, row: &Row, json: bool) -> Result<Output, String> {
    let include = include_folder(sysroot, row)?;
    let header = include.join("sys/epoll.h");
    let target = clang_target(row)?;
    let clang = env::var("CLANG_PATH").unwrap_or_else(|_| "clang".to_owned());
    scratch::with(|folder| knows_target(&clang, target, folder))??;

    let sysroot_flag = format!("--sysroot={}", sysroot.display());
    let compiler = |folder: &Path| {
        let command = [&clang, &format!("--target={target}"), &sysroot_flag, "-fintegrated-as"];
        let command = command.map(|word: &str| word.to_owned()).to_vec();
        let mut compiler = Compiler::new(command, folder.to_owned());
        compiler.libc_flags = vec!["-isystem".into(), include.display().to_string()];
        compiler
    };
    let answers = scratch::with(|folder| compiler(folder).read(Header::Libc))?;
    let answers = answers.map_err(|unmeasured| {
        if let Some(reason) = unreadable(&include) {
            return format!("{} cannot be read for {target}: {reason}", shown(&header));
        }
        let reason = host::reason(unmeasured);
        format!("{} cannot be read for {target}: {reason}", shown(&header))
    })?;
    let found = host::statement(&answers);
    let glibc = answers.numbers["libc_version"];
    Ok(report(&Comparison { header: &header, row, glibc, found: &found }, json))
}

/// Where the header is: the folders that a sysroot, a Debian cross package and a plain folder of
/// headers keep it in.
fn include_folder(sysroot: &Path, row: &Row) -> Result<PathBuf, String> {
    if !sysroot.is_dir() {
        return Err(format!("{} is no folder", shown(sysroot)));
    }
    let name = &row.target.name;
    let debian = debian::folder(name);
    let places = ["usr/include", "include"].into_iter().flat_map(|base| {
        let bases = [format!("{base}/{name}"), format!("{base}/{debian}"), base.to_owned()];
        bases.into_iter().map(|place| sysroot.join(place))
    });
    let mut places: Vec<_> = places.chain([sysroot.to_owned()]).collect();
    places.dedup();
    for place in &places {
        match fs::metadata(place.join("sys/epoll.h")) {
            Ok(header) if header.is_file() => return Ok(place.clone()),
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            // What may be in there cannot be said.
            Err(error) => return Err(format!("{} cannot be read: {error}", shown(place))),
        }
    }
    let places: Vec<_> = places.iter().map(shown).collect();
    Err(format!("no sys/epoll.h in {}: looked in {}", shown(sysroot), places.join(", ")))
}

/// A folder among the headers that cannot be read: clang says of what is in it that there is no such file.
fn unreadable(include: &Path) -> Option<String> {
    let bad = |folder: &Path| {
        let error = fs::read_dir(folder).err()?;
        Some(format!("{} cannot be read: {error}", shown(folder)))
    };
    let entries = fs::read_dir(include).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
    bad(include).or_else(|| folders.into_iter().find_map(|folder| bad(&folder)))
}

/// clang's name of the target, where clang's answer counts.
fn clang_target(row: &Row) -> Result<&str, String> {
    let target = &row.target;
    if target.clang_exception.is_empty() {
        return Ok(&target.clang);
    }
    Err(format!(
        "clang cannot be asked about {}: {}. Its own C compiler can, {}: cargo run -p epshim-layouts -- check",
        target.name, target.clang_exception, target.compiler
    ))
}

/// Says plainly that clang is missing, is no compiler, or was built without this target.
fn knows_target(clang: &str, target: &str, folder: &Path) -> Result<(), String> {
    let object = folder.join("empty.o");
    let mut command = Command::new(clang);
    command.arg(format!("--target={target}")).args([
        "-fintegrated-as",
        "-x",
        "c",
        "-c",
        "/dev/null",
        "-o",
    ]);
    let output = command.arg(&object).stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        format!("cannot run {clang}: {error}. Install clang (Debian: apt-get install clang), or set CLANG_PATH")
    })?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let first = errors.lines().next().unwrap_or("it failed and does not say why");
        return Err(format!(
            "{clang} cannot compile for {target}: {first}. Set CLANG_PATH to a newer one"
        ));
    }
    if fs::metadata(&object).is_ok_and(|data| data.len() > 0) {
        return Ok(());
    }
    Err(format!(
        "{clang} is no C compiler: it has ended well and written nothing. Set CLANG_PATH to clang"
    ))
}

struct Comparison<'a> {
    header: &'a Path,
    row: &'a Row,
    /// Version of glibc, major << 16 | minor; 0 where the header is another C library's.
    glibc: u32,
    found: &'a Statement,
}

impl Comparison<'_> {
    fn libc(&self) -> String {
        match self.glibc {
            0 => "not glibc".to_owned(),
            version => format!("glibc {}.{}", version >> 16, version & 0xffff),
        }
    }

    fn differences(&self) -> Vec<Difference> {
        let Self { row, glibc, found, .. } = self;
        let mut differing = Vec::new();
        if (*glibc != 0) != (row.target.libc == "glibc") {
            differing.push(Difference {
                field: "libc".to_owned(),
                expected: row.target.libc.clone(),
                found: self.libc(),
            });
        }
        differing.extend(differences(&Statement::from(*row), found));
        differing
    }

    /// Constants that only one of both has.
    fn one_sided(&self) -> (Vec<&str>, Vec<&str>) {
        let (table, header) = (&self.row.measured.constants, &self.found.constants);
        let missing = table.keys().filter(|name| !header.contains_key(*name));
        let further = header.keys().filter(|name| !table.contains_key(*name));
        (missing.map(String::as_str).collect(), further.map(String::as_str).collect())
    }
}

fn report(comparison: &Comparison<'_>, json: bool) -> Output {
    let differing = comparison.differences();
    let equal = differing.is_empty();
    let (missing, further) = comparison.one_sided();
    let Comparison { header, row, found, .. } = comparison;
    if json {
        let value = serde_json::json!({
            "header": header.display().to_string(),
            "target": row.target.name,
            "libc": comparison.libc(),
            "equal": equal,
            "found": found,
            "differences": differing,
            "only_in_table": missing,
            "only_in_header": further,
        });
        return Output::json(&value, equal);
    }
    let mut text = format!(
        "{BOLD}{}{PLAIN}, {}\nagainst {} in the golden table, {} {}\n\n",
        shown(header),
        comparison.libc(),
        row.target.name,
        row.target.libc,
        row.measured.libc_version
    );
    for Difference { field, expected, found } in &differing {
        writeln!(text, "{BAD}{field}{PLAIN}: the header says {found}, the table {expected}")
            .expect(INFALLIBLE);
    }
    for (names, whose) in [(missing, "table"), (further, "header")] {
        if !names.is_empty() {
            writeln!(text, "only in the {whose}: {}", names.join(", ")).expect(INFALLIBLE);
        }
    }
    let compared = row.measured.constants.keys().filter(|name| found.constants.contains_key(*name));
    let verdict = if equal {
        format!("{GOOD}equal{PLAIN}: the layout and {} constants", compared.count())
    } else {
        format!(
            "{BAD}different{PLAIN}: this sysroot is of another ABI than {}, or its header is wrong",
            row.target.name
        )
    };
    writeln!(text, "{verdict}").expect(INFALLIBLE);
    Output::text(text, equal)
}

const INFALLIBLE: &str = "a string takes any text";
