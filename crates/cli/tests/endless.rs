//! Files that have no end, or no writer: what the command reads is bounded, and it never waits for
//! a file to begin.

mod command;

use command::watching;
use epshim_harness::deadline;
use epshim_harness::process::Process;
use epshim_harness::products::{chmod, folder};
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs a command with little memory: its exit code, and its standard error.
#[track_caller]
fn ends(command: &Command) -> (i32, String) {
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 600000; exec \"$0\" \"$@\""]);
    limited.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let mut process = Process::start("a bounded command", &mut limited);
    let (status, _, errors) = process.finish(deadline()).expect("it ends");
    let errors = errors.join("\n");
    (status.code().unwrap_or_else(|| panic!("{command:?}: {status}\n{errors}")), errors)
}

fn fifo(path: &Path) {
    epshim_harness::process::run(Command::new("mkfifo").arg(path));
}

#[test]
fn a_program_that_is_no_regular_file_cannot_be_invoked() {
    let folder = folder("endless-program");
    let pipe = folder.join("fifo");
    fifo(&pipe);
    chmod(&pipe, 0o755);
    let script = folder.join("script");
    fs::write(&script, format!("#!{}\n", pipe.display())).unwrap();
    chmod(&script, 0o755);
    for program in [&pipe, &script, &PathBuf::from("/dev/zero")] {
        let (code, errors) = ends(watching(&["check", "--"]).arg(program));
        assert_eq!(code, 126, "{errors}");
        assert!(errors.contains("cannot run") && errors.contains("ermission denied"), "{errors}");
    }
}

#[test]
fn a_library_that_is_no_regular_file_is_refused() {
    let pipe = folder("endless-library").join("fifo");
    fifo(&pipe);
    for library in [&pipe, &PathBuf::from("/dev/zero")] {
        let (code, errors) = ends(watching(&["check", "true"]).env("EPSHIM_PRELOAD", library));
        assert_eq!(code, 125, "{errors}");
        assert!(errors.contains("cannot preload") && errors.contains("regular file"), "{errors}");
    }
}

#[test]
fn the_symbolizer_reads_no_endless_line_and_waits_for_no_module() {
    let symbolize = |input: Stdio| {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 600000; exec \"$0\" symbolize"]);
        command.arg(env!("CARGO_BIN_EXE_epshim"));
        Process::start_with_input("epshim symbolize", &mut command, input)
    };
    let mut endless = symbolize(File::open("/dev/zero").unwrap().into());
    let (status, _, errors) = endless.finish(deadline()).unwrap();
    assert_eq!(status.code(), Some(1), "{errors:?}");
    let pipe = folder("endless-module").join("fifo");
    fifo(&pipe);
    let mut asked = symbolize(Stdio::piped());
    let mut questions = asked.take_stdin();
    writeln!(questions, "{}\t0x1\n/dev/zero\t0x1", pipe.display()).unwrap();
    drop(questions);
    let (status, answers, _) = asked.finish(deadline()).unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(answers, ["??\t??", "", "??\t??", ""]);
}

#[test]
fn endless_suppressions_are_refused() {
    let folder = folder("endless-suppressions");
    let large = folder.join("large");
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&large).unwrap();
    file.seek(SeekFrom::Start(1 << 20)).unwrap();
    file.write_all(b"\n").unwrap();
    for path in [&large, &PathBuf::from("/dev/zero")] {
        let (code, errors) = ends(watching(&["check", "--suppressions"]).arg(path).arg("true"));
        assert_eq!(code, 125, "{errors}");
        assert!(errors.contains("cannot read") && errors.contains("longer than"), "{errors}");
    }
    let (code, errors) = ends(watching(&["check", "--suppressions"]).arg(&folder).arg("true"));
    assert_eq!(code, 125, "{errors}");
    assert!(errors.contains("cannot read") && errors.contains("irectory"), "{errors}");
}
