//! The two variables: `EPSHIM_OPTIONS` from its old text and the command line, `LD_PRELOAD` from its old
//! text, the library and the sanitizers' runtimes.
//!
//! No other variable is touched, and this process's own environment stays as it is: the new values are for
//! the program. An old option that has no effect is named on stderr here, once, because the library will
//! not see it in the new text.

use super::failure::Failure;
use super::suppressions;
use crate::args::CheckOptions;
use crate::output::{self, shown};
use epshim_check::Options;
use epshim_check::options::{Complaint, Mode};
use epshim_report::printable;
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{self, Path};
use std::process::Command;

const OPTIONS: &str = "EPSHIM_OPTIONS";
/// Keys that this command sets for the library alone.
const OURS: [&str; 8] =
    ["collect", "ledger", "page", "page_only", "plan", "process", "rate", "record"];
pub const PRELOAD: &str = "LD_PRELOAD";
/// The library's file name.
pub const LIBRARY: &str = "libepshim_preload.so";

/// The options that this command sets by itself, and those of the environment, which win.
pub fn inherited(mode: Mode) -> Result<Options, Failure> {
    let symbolizer = match mode {
        Mode::Check | Mode::Chaos => {
            env::current_exe().ok().and_then(|path| path.into_os_string().into_string().ok())
        }
        Mode::Transparent => None,
    };
    let mut options = Options { trace_children: false, symbolizer, ..Options::default() };
    if let Some(text) = env::var_os(OPTIONS) {
        let text = text.into_string();
        let text = text.map_err(|_| Failure::own(format!("{OPTIONS} is not UTF-8")))?;
        let is_ours = |complaint: &Complaint| matches!(complaint, Complaint::UnknownKey { key, .. } if OURS.contains(&key.as_str()));
        for complaint in options.update(&text).iter().filter(|&one| !is_ours(one)) {
            output::complain(&format!("{OPTIONS}: {complaint}"));
        }
    }
    options.mode = mode;
    Ok(options)
}

/// The page of the `epshim check` around this one, if it is there: `PID.FD`.
pub fn page_around() -> Option<String> {
    let text = env::var(OPTIONS).ok()?;
    let value = text.split([':', ' ', '\t', '\n']).find_map(|pair| pair.strip_prefix("page="))?;
    let (process, number) = value.split_once('.')?;
    let file = std::fs::read_link(format!("/proc/{process}/fd/{number}")).ok()?;
    (file == Path::new("/memfd:epshim (deleted)")).then(|| value.to_owned())
}

/// The options of the command line, which win over both.
pub fn apply(options: &mut Options, asked: &CheckOptions) -> Result<(), Failure> {
    if let Some(path) = &asked.json {
        options.json = Some(absolute(path)?);
    }
    if let Some(path) = &asked.log {
        options.log_path = Some(absolute(path)?);
    }
    if let Some(path) = &asked.suppressions {
        suppressions::apply(options, path, absolute(path)?)?;
    }
    if !asked.only.is_empty() {
        options.only = asked.only.iter().copied().collect();
    }
    if !asked.except.is_empty() {
        options.except = asked.except.iter().copied().collect();
    }
    options.exitcode = asked.error_exitcode.unwrap_or(options.exitcode);
    options.stack_depth = asked.stack.unwrap_or(options.stack_depth);
    options.halt_on_error |= asked.halt_on_error;
    options.notes |= asked.notes;
    Ok(())
}

/// A path that is the same file after the program has changed its folder. `-` is no path.
pub fn absolute(path: &Path) -> Result<String, Failure> {
    if path == Path::new("-") {
        return Ok("-".to_owned());
    }
    let bad = |reason: &str| Failure::own(format!("{}: {reason}", shown(path)));
    let absolute = path::absolute(path).map_err(|error| bad(&error.to_string()))?;
    absolute.into_os_string().into_string().map_err(|_| bad("the name is not UTF-8"))
}

/// The variables and what they are set to.
pub fn variables(
    options: &Options,
    library: &Path,
    sanitizers: &[OsString],
    process: Option<u32>,
    beside: &str,
) -> [(&'static str, OsString); 2] {
    let mut text = options.to_string();
    if let (false, Some(process)) = (options.trace_children, process) {
        // Only this process, which becomes the program, is checked: a program that it starts is another.
        text.push_str(&format!(":process={process}"));
    }
    text.push_str(beside);
    [(PRELOAD, preloaded(library, sanitizers)), (OPTIONS, text.into())]
}

/// What `LD_PRELOAD` is set to.
pub fn preloaded(library: &Path, sanitizers: &[OsString]) -> OsString {
    let old = env::var_os(PRELOAD).unwrap_or_default();
    preload(&old, library.as_os_str(), sanitizers)
}

/// Whether `LD_PRELOAD` can hold the path: its list is separated by spaces and colons, "and there is no support
/// for escaping either" (ld.so(8)).
pub fn can_hold(path: &Path) -> bool {
    !path.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b' ' | b':'))
}

/// Has the program run without the library, which an `epshim check` around this one has preloaded.
pub fn leave_out(command: &mut Command) {
    let Some(old) = env::var_os(PRELOAD) else { return };
    let entries = old.as_bytes().split(|byte| matches!(byte, b':' | b' '));
    if entries.clone().any(|entry| file_name(entry) == LIBRARY.as_bytes()) {
        let others: Vec<_> =
            entries.filter(|entry| file_name(entry) != LIBRARY.as_bytes()).collect();
        command.env(PRELOAD, OsString::from_vec(others.join(&b':')));
    }
}

/// Sanitizers' runtimes come first, because AddressSanitizer ends a program where it does not
/// (`AsanCheckDynamicRTPrereqs` in compiler-rt's asan_linux.cpp); then the library, then the rest.
/// ld.so(8): separated by spaces or colons, without any way to quote one.
fn preload(old: &OsStr, library: &OsStr, sanitizers: &[OsString]) -> OsString {
    let old = old.as_bytes().split(|byte| matches!(byte, b':' | b' '));
    let old = old.filter(|entry| !entry.is_empty() && file_name(entry) != LIBRARY.as_bytes());
    let (runtimes, others): (Vec<_>, Vec<_>) =
        old.partition(|entry| is_sanitizer(file_name(entry)));
    let there = |name: &OsString| runtimes.iter().any(|entry| file_name(entry) == name.as_bytes());
    let missing = sanitizers.iter().filter(|name| !there(name)).map(|name| name.as_bytes());
    let all: Vec<_> =
        missing.chain(runtimes.iter().copied()).chain([library.as_bytes()]).chain(others).collect();
    OsString::from_vec(all.join(&b':'))
}

fn file_name(entry: &[u8]) -> &[u8] {
    entry.rsplit(|&byte| byte == b'/').next().unwrap_or(entry)
}

/// Whether a shared library is a sanitizer's runtime, GCC's or Clang's, that wants to come first.
pub fn is_sanitizer(name: &[u8]) -> bool {
    ["asan", "hwasan", "lsan", "tsan"].iter().any(|kind| {
        let gcc = format!("lib{kind}.so");
        let clang = format!("libclang_rt.{kind}");
        name.starts_with(gcc.as_bytes()) || name.starts_with(clang.as_bytes())
    })
}

/// One assignment for each line, as a shell reads it.
pub fn printed(variables: &[(&str, OsString)]) -> String {
    variables.iter().map(|(name, value)| format!("{name}={}\n", shell(value))).collect()
}

/// A value in quotes, where it needs them. The terminal gets no control character and no byte that is not
/// UTF-8: the shell makes them, with printf(1).
fn shell(value: &OsStr) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=,@%+-".contains(c);
    if value.to_str().is_some_and(|text| text.chars().all(plain)) {
        return shown(value);
    }
    let mut text = String::from("'");
    for chunk in value.as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\'' => text.push_str(r"'\''"),
                // A command's output loses line feeds at its end.
                '\n' => text.push('\n'),
                _ if printable::is_command(character) => {
                    push_made(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => text.push(character),
            }
        }
        if !chunk.invalid().is_empty() {
            push_made(&mut text, chunk.invalid());
        }
    }
    text + "'"
}

/// Ends the quotes, has printf(1) write these bytes, and begins quotes again.
fn push_made(text: &mut String, bytes: &[u8]) {
    let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    text.push_str(&format!("'\"$(printf '{octal}')\"'"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(old: &str, sanitizers: &[&str]) -> String {
        let sanitizers: Vec<_> = sanitizers.iter().map(OsString::from).collect();
        let library = OsStr::new("/new/libepshim_preload.so");
        preload(OsStr::new(old), library, &sanitizers).into_string().unwrap()
    }

    #[test]
    fn the_library_comes_before_other_libraries_and_once() {
        assert_eq!(merged("", &[]), "/new/libepshim_preload.so");
        assert_eq!(merged("a.so b.so::c.so", &[]), "/new/libepshim_preload.so:a.so:b.so:c.so");
        assert_eq!(merged("a.so:/old/libepshim_preload.so", &[]), "/new/libepshim_preload.so:a.so");
    }

    #[test]
    fn a_sanitizer_comes_first_and_once() {
        for (old, needed) in [
            ("a.so", &["libasan.so.8"][..]),
            ("a.so:libasan.so.8", &[]),
            ("libasan.so.8 a.so", &["libasan.so.8"]),
        ] {
            assert_eq!(merged(old, needed), "libasan.so.8:/new/libepshim_preload.so:a.so", "{old}");
        }
        assert!(is_sanitizer(b"libclang_rt.asan-x86_64.so") && !is_sanitizer(b"libubsan.so.1"));
    }

    #[test]
    fn a_shell_reads_what_is_printed() {
        assert_eq!(printed(&[("A", "x=/a,b:c%p".into())]), "A=x=/a,b:c%p\n");
        assert_eq!(printed(&[("A", "it's \"$5\"".into())]), "A='it'\\''s \"$5\"'\n");
        let made = OsString::from_vec(b"a\x1b\xff\n\xc3\xa4".to_vec());
        let expected = "A='a'\"$(printf '\\033')\"''\"$(printf '\\377')\"'\nä'\n";
        assert_eq!(printed(&[("A", made)]), expected);
    }
}
