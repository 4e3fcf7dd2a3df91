//! Runs C on the targets, under qemu-user: the probe's numbers and a round trip of events.
//!
//! The program is `c_tests/round_trip.c` on the C library's own calls, linked statically (Alpha
//! dynamically: its static programs crash under qemu). Every run has a time limit; qemu-user is known to
//! hang on some targets, which `targets.toml` names.

use crate::check::Project;
use crate::compare::{self, Difference};
use crate::measure::{Compiler, Header, Unmeasured};
use crate::table::{Row, Target};
use crate::toolchain::only_folder;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Seconds; a run takes less than one.
const TIME_LIMIT: &str = "60";

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The program ran; empty if it passed and printed the table's numbers.
    Ran(Vec<Difference>),
    /// It could not be built or run here.
    Skipped(String),
}

/// Builds and runs the round trip of one row.
#[must_use]
pub fn round_trip(project: &Project, row: &Row) -> Outcome {
    let target = &row.target;
    if target.qemu.is_empty() {
        return Outcome::Skipped(target.qemu_exception.clone());
    }
    let compiler = match Compiler::of(target, &project.cache) {
        Ok(compiler) => compiler,
        Err(Unmeasured::Missing(reason) | Unmeasured::Broken(reason)) => {
            return Outcome::Skipped(reason);
        }
    };
    let mut qemu = target.qemu.split_whitespace();
    let emulator = qemu.next().unwrap_or_default();
    if Command::new(emulator).arg("--version").output().is_err() {
        return Outcome::Skipped(format!("no {emulator}; Debian: qemu-user-static"));
    }
    let folder = project.cache.join("programs");
    let program = folder.join(&target.name);
    let built = fs::create_dir_all(&folder).map_err(|error| error.to_string());
    if let Err(reason) = built.and_then(|()| build(&compiler, project, target, &program)) {
        return failed(target, "its build", reason);
    }
    let mut command = Command::new("timeout");
    command.arg(TIME_LIMIT).arg(emulator).args(qemu).arg(&program);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return Outcome::Skipped(format!("{command:?}: {error}")),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(124) {
        return failed(target, "its run", format!("nothing within {TIME_LIMIT} seconds"));
    }
    if !output.status.success() || !text.ends_with("round trip passed\n") {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().last().unwrap_or("no message").to_owned();
        return failed(target, "its run", format!("{}: {last}", output.status));
    }
    Outcome::Ran(compare::some(&target.name, &row.measured, &numbers(&text), "run under qemu"))
}

fn failed(target: &Target, field: &str, found: String) -> Outcome {
    let expected = "to pass".to_owned();
    let target = target.name.clone();
    Outcome::Ran(vec![Difference {
        target,
        field: format!("round trip, {field}"),
        expected,
        found,
    }])
}

fn build(
    compiler: &Compiler,
    project: &Project,
    target: &Target,
    program: &Path,
) -> Result<(), String> {
    let mut command = compiler.command(Header::Libc);
    command.current_dir(&project.root);
    command.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-DEPSHIM_ORACLE"]);
    command.args(["-Iinclude", "-Ic_tests"]);
    let source = "c_tests/round_trip.c";
    if target.musl.is_empty() {
        command.arg(source);
        if !target.qemu.contains(" -L ") {
            command.arg("-static");
        }
    } else {
        // What musl-gcc does: musl's start files and library in place of the compiler's own.
        let lib = project.cache.join("musl").join(&target.musl).join("usr/lib");
        let lib = only_folder(&lib).ok_or_else(|| format!("no library in {}", lib.display()))?;
        let file = |name: &str| format!("{lib}/{name}");
        command.args(["-static", "-nostdlib", &file("crt1.o"), &file("crti.o")]);
        command.arg(source).args([&file("libc.a"), "-lgcc", &file("libc.a"), &file("crtn.o")]);
    }
    let output = command.arg("-o").arg(program).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let first = errors.lines().find(|line| line.contains("error") || line.contains("undefined"));
    Err(first.or(errors.lines().next()).unwrap_or("no message").to_owned())
}

/// The probe's lines, by the names of the table. The members of the union are all at 0, or the round
/// trip itself had failed.
fn numbers(text: &str) -> BTreeMap<String, u32> {
    let names = [
        ("sizeof(struct epoll_event)", "size"),
        ("_Alignof(struct epoll_event)", "align"),
        ("offsetof(struct epoll_event, events)", "events_offset"),
        ("offsetof(struct epoll_event, data)", "data_offset"),
        ("sizeof(epoll_data_t)", "data_size"),
        ("_Alignof(epoll_data_t)", "data_align"),
    ];
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    let probes: BTreeMap<_, _> = lines.filter_map(|(n, v)| Some((n, v.parse().ok()?))).collect();
    let fields = names.iter().filter_map(|&(probe, field)| Some((field, *probes.get(probe)?)));
    let constants = probes.iter().filter(|(name, _)| name.starts_with("EPOLL"));
    let constants = constants.map(|(&name, &value)| (name, value));
    fields.chain(constants).map(|(name, value)| (name.to_owned(), value)).collect()
}
