//! The second opinion: libclang, through bindgen, on the headers that the C compiler read.
//!
//! The folders are the C compiler's own, so that the two are asked about the same text. clang's answer
//! counts where `targets.toml` names no exception; an exception is tried too, to notice when it ends.

use crate::embedded::lines;
use crate::measure::{Compiler, Header};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::process::Stdio;

const HEADER: &str = "#define _GNU_SOURCE\n#include <sys/epoll.h>\n";

thread_local! {
    /// bindgen panics where libclang is missing, or does not know the target.
    static EXPECTS_PANIC: Cell<bool> = const { Cell::new(false) };
}

/// What bindgen makes of the compiler's `<sys/epoll.h>`: the numbers by their names in the table.
///
/// # Errors
///
/// Why libclang has no answer.
pub fn read(compiler: &Compiler, triple: &str) -> Result<BTreeMap<String, u32>, String> {
    let folders = folders(compiler)?;
    let mut arguments = vec![format!("--target={triple}"), "-nostdlibinc".to_owned()];
    arguments.extend(folders.into_iter().flat_map(|folder| ["-isystem".to_owned(), folder]));
    bindings(&arguments).map(|text| lines::numbers(&text))
}

/// What bindgen writes for `<sys/epoll.h>` with these arguments for clang.
///
/// # Errors
///
/// The first complaint of libclang, or that there is none.
pub fn bindings(arguments: &[String]) -> Result<String, String> {
    let builder = bindgen::builder()
        .header_contents("epoll.h", HEADER)
        .clang_args(arguments)
        .allowlist_type("epoll_.*|EPOLL_EVENTS")
        .allowlist_var("EPOLL.*")
        // A part of an ioctl's number.
        .blocklist_item("EPOLL_IOC_TYPE")
        .prepend_enum_name(false)
        .layout_tests(true)
        .generate_comments(false)
        .formatter(bindgen::Formatter::None);
    silence_expected_panics();
    EXPECTS_PANIC.set(true);
    let generated = panic::catch_unwind(AssertUnwindSafe(|| builder.generate()));
    EXPECTS_PANIC.set(false);
    match generated {
        Ok(Ok(bindings)) => Ok(bindings.to_string()),
        Ok(Err(error)) => Err(error.to_string().trim().replace('\n', "; ")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied());
            Err(format!("bindgen panicked: {}", text.unwrap_or("no reason given")))
        }
    }
}

fn silence_expected_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !EXPECTS_PANIC.get() {
                usual(panic);
            }
        }));
    });
}

/// Where the compiler looks for headers, but for the folders of its own ones: clang has its own.
fn folders(compiler: &Compiler) -> Result<Vec<String>, String> {
    let mut command = compiler.command(Header::Libc);
    command.args(["-E", "-v", "-x", "c", "/dev/null"]).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let listing = String::from_utf8_lossy(&output.stderr).into_owned();
    let list = listing.split_once("#include <...> search starts here:\n");
    let list = list.and_then(|(_, rest)| rest.split_once("End of search list."));
    let (list, _) = list.ok_or("the C compiler lists no include folders")?;
    // Cross compilers name the C library's folder as /usr/lib/gcc-cross/.../../..
    let real = |folder: &str| fs::canonicalize(folder).map(|path| path.display().to_string());
    let folders = list.lines().flat_map(|line| real(line.trim()));
    let is_compilers_own =
        |folder: &String| folder.contains("/lib/gcc") || folder.ends_with("/ziglang/lib/include");
    let folders: Vec<_> = folders.filter(|folder| !is_compilers_own(folder)).collect();
    Ok(folders)
}

/// libclang's name and version: `libclang 14.0.6`.
#[must_use]
pub fn version() -> String {
    let text = bindgen::clang_version().full;
    let version = text.split_whitespace().skip_while(|word| *word != "version").nth(1);
    format!("libclang {}", version.unwrap_or_default()).trim_end().to_owned()
}

/// Whether the reason is that there is no libclang at all.
#[must_use]
pub fn is_missing(reason: &str) -> bool {
    reason.contains("Unable to find libclang")
}
