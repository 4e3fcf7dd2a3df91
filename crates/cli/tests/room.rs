//! A program whose address space is limited (`ulimit -v`): where it starts, it starts under the command too.

mod command;

use command::watching;
use epshim_harness::c_compiler::compile_text;
use epshim_harness::products::folder;
use epshim_harness::sys::limit_memory;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const KIB: u64 = 1024;
/// More than the command needs itself.
const SIZE: u64 = 512 << 20;

/// A program as large as this, so that the command has room where the library has none.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(made)
}

fn made() -> PathBuf {
    let source = "#include <stdio.h>\n#include <stdlib.h>\nstatic char large[SIZE];\n\
        int main(void) { puts(getenv(\"LD_PRELOAD\") ? \"watched\" : \"alone\"); return 7 + large[9]; }\n";
    let size = format!("-DSIZE={SIZE}");
    compile_text(&folder("command-room"), "large", source, &[&size])
}

fn limited(command: &mut Command, limit: u64) -> Output {
    limit_memory(command, limit);
    command.output().unwrap()
}

fn starts(program: &Path, limit: u64) -> bool {
    let mut command = Command::new(program);
    command.env_remove("LD_PRELOAD");
    limited(&mut command, limit).status.code() == Some(7)
}

/// The least address space, in steps of 16 KiB, with which the program starts.
fn least(program: &Path) -> u64 {
    let (mut too_few, mut enough) = (SIZE, SIZE + (64 << 20));
    assert!(starts(program, enough) && !starts(program, too_few));
    while enough - too_few > 16 * KIB {
        let middle = too_few.midpoint(enough);
        if starts(program, middle) { enough = middle } else { too_few = middle }
    }
    enough
}

#[test]
fn where_a_program_starts_it_starts_under_the_command() {
    let program = program();
    let least = least(program);
    let mut seen = [0, 0];
    for subcommand in ["check", "run"] {
        // In KiB. Unoptimized, the library takes some 8 MiB.
        for more in [0, 512, 1024, 1536, 2048, 3072, 4096, 5120, 6144, 8192, 12288, 16384, 24576] {
            let mut command = watching(&[subcommand, "--"]);
            let output = limited(command.arg(program), least + more * KIB);
            let errors = String::from_utf8(output.stderr).unwrap();
            let what = format!("{subcommand}, {more} KiB more: {errors}");
            assert_eq!(output.status.code(), Some(7), "{what}");
            let words = format!("{} runs unwatched: an address space of", program.display());
            let complaints = errors.lines().filter(|line| line.contains(&words)).count();
            match &*output.stdout {
                b"alone\n" => assert_eq!((complaints, errors.lines().count()), (1, 1), "{what}"),
                b"watched\n" => assert_eq!(complaints, 0, "{what}"),
                _ => panic!("{what}"),
            }
            seen[usize::from(output.stdout == b"watched\n")] += 1;
        }
    }
    assert!(seen[0] > 4 && seen[1] > 2, "alone, watched: {seen:?}");
}

/// A program that does not start is not this command's doing, and not said to be.
#[test]
fn where_a_program_does_not_start_the_command_says_nothing_of_room() {
    let program = program();
    let limit = least(program) - 256 * KIB;
    let mut command = watching(&["check", "--"]);
    let output = limited(command.arg(program), limit);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code() == Some(7), errors.contains("unwatched")),
        (false, false),
        "{errors}"
    );
}
