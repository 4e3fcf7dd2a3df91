//! What reaches a terminal: no control character of a name or an option, in all that the command prints.
//! Text that is UTF-8 stays as it is; JSON stays JSON.

mod command;

use command::{epshim, json, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::preload::{self, Mode};
use epshim_harness::products::{chmod, folder};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::Command;

/// A title for the window, a beep, and what clears the screen; then a letter that stays.
const EVIL: &[u8] = b"a\x1b]0;owned\x07\x1b[2J\xc2\x9b1m\xff\xc3\xa4";
/// The same as it may be shown.
const SHOWN: &str = "a\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{9b}1m\\xff\u{e4}";
/// EVIL where a text must be UTF-8.
const EVIL_TEXT: &str = "a\x1b]0;owned\x07\x1b[2J\u{9b}1m\u{e4}";
const SHOWN_TEXT: &str = "a\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{9b}1m\u{e4}";

/// Both outputs of a command, which must be harmless text.
#[track_caller]
fn harmless(command: &mut Command) -> String {
    let output = command.output().expect("epshim runs");
    let mut both = String::new();
    for bytes in [output.stdout, output.stderr] {
        both += &String::from_utf8(bytes).unwrap_or_else(|error| panic!("{command:?}: {error}"));
    }
    let is_control = |character: char| character.is_control() && character != '\n';
    assert!(!both.contains(is_control), "{command:?}: {both:?}");
    both
}

/// A path that ends in [`EVIL`].
fn evil_in(folder: &Path) -> OsString {
    folder.join(OsStr::from_bytes(EVIL)).into_os_string()
}

#[test]
fn a_name_in_a_complaint_of_the_command_is_escaped() {
    let evil = OsStr::from_bytes(EVIL);
    for before in [
        &["check", "--"][..],
        &["run", "--"],
        &["check", "--suppressions"],
        &["layout", "--sysroot"],
    ] {
        let both = harmless(watching(before).arg(evil).arg("true"));
        let both = if before[0] == "layout" { harmless(epshim(before).arg(evil)) } else { both };
        assert!(both.contains(SHOWN), "{before:?}: {both}");
    }
    for before in [
        &["check", "--only"][..],
        &["check", "--stack"],
        &["check", "--error-exitcode"],
        &["explain"],
        &["layout", "--target"],
        &["layout", "--emit"],
        &["completions"],
        &[],
    ] {
        let both = harmless(epshim(before).arg(EVIL_TEXT));
        assert!(both.contains(SHOWN_TEXT), "{before:?}: {both}");
        // What is no UTF-8 is refused.
        harmless(epshim(before).arg(evil));
    }
    for option in ["--bad", "--\x1b[31m", "-\x1b"] {
        harmless(&mut epshim(&["check", &format!("{option}{EVIL_TEXT}"), "true"]));
    }
}

#[test]
fn a_name_in_a_complaint_about_a_file_is_escaped() {
    let folder = folder("terminal-files");
    let evil = evil_in(&folder);
    fs::write(&evil, "nothing\n").unwrap();
    let both = harmless(watching(&["check", "--"]).arg(&evil));
    assert!(both.contains(SHOWN), "{both}");
    let both = harmless(epshim(&["check", "true"]).env("EPSHIM_PRELOAD", &evil));
    assert!(both.contains(SHOWN), "{both}");
    let mut script = folder.join("script").into_os_string();
    fs::write(&script, [b"#!/no/", EVIL, b"\n"].concat()).unwrap();
    chmod(Path::new(&script), 0o755);
    let both = harmless(watching(&["check", "--"]).arg(&script));
    assert!(both.contains(SHOWN), "{both}");
    script.push("/x");
    harmless(watching(&["check", "--"]).arg(&script));
}

#[test]
fn a_word_of_the_environment_is_escaped() {
    let evil = OsString::from_vec([EVIL_TEXT.as_bytes(), b"=1"].concat());
    let both = harmless(watching(&["check", "true"]).env("EPSHIM_OPTIONS", evil));
    assert!(both.contains(SHOWN_TEXT), "{both}");
    for name in ["CC", "CLANG_PATH"] {
        let sysroot = folder("terminal-sysroot");
        fs::create_dir_all(sysroot.join("usr/include/sys")).unwrap();
        fs::write(sysroot.join("usr/include/sys/epoll.h"), "").unwrap();
        let mut command = epshim(&["layout"]);
        if name == "CLANG_PATH" {
            command.arg("--sysroot").arg(&sysroot);
        }
        let both = harmless(command.env(name, EVIL_TEXT));
        assert!(both.contains(SHOWN_TEXT), "{both}");
    }
}

/// What is printed for a shell means the same value, byte by byte.
#[test]
fn the_printed_environment_is_escaped_and_means_the_same() {
    let mut command = watching(&["check", "--print-env", "--log"]);
    let printed = harmless(command.arg(format!("/{EVIL_TEXT}'\"$x`\\")).arg("true"));
    let script = format!("{printed}printf %s \"$EPSHIM_OPTIONS\"");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let value = String::from_utf8(output.stdout).unwrap();
    assert!(value.contains(&format!("/{EVIL_TEXT}'")), "{value:?} of {printed}");
    assert!(value.contains("$x`"), "{value:?} of {printed}");
}

/// The path of the program, and the file's and function's names in its debug information.
#[test]
fn a_name_in_a_report_is_escaped_and_the_json_is_json() {
    let folder = folder("terminal-report");
    let program = "#include <sys/epoll.h>\n#line 7 \"s\\033[2Jrc.c\"\nint main(void)\n{\n    \
                   return epoll_ctl(epoll_create1(0), EPOLL_CTL_DEL, 99, 0) != -1;\n}\n";
    let plain = compile_text(&folder, "wrong", program, &["-g"]);
    for (name, shown, has_names) in [(EVIL_TEXT.as_bytes(), SHOWN_TEXT, true), (EVIL, SHOWN, false)]
    {
        let evil = folder.join(OsStr::from_bytes(name));
        fs::copy(&plain, &evil).unwrap();
        let found = folder.join("found.json");
        let mut command = watching(&["check", "--json"]);
        let both = harmless(command.arg(&found).arg("--").arg(&evil));
        assert!(both.contains("SUMMARY: epshim: ctl-error"), "{both}");
        assert!(both.contains(shown), "{both}");
        // A module whose path is no UTF-8 has none.
        assert_eq!(both.contains("s\\u{1b}[2Jrc.c"), has_names, "{both}");
        for line in fs::read_to_string(&found).unwrap().lines() {
            assert!(!line.contains(char::is_control), "{line:?}");
            json(line);
        }
        fs::remove_file(&found).unwrap();
    }
    // Not by the command: the library's own complaints.
    let mut command = preload::command("true", Mode::Checking);
    let options =
        format!("mode=check:{EVIL_TEXT}=1:suppressions=/no/{EVIL_TEXT}:log_path=/no/{EVIL_TEXT}");
    let both = harmless(command.env("EPSHIM_OPTIONS", options));
    assert_eq!(both.matches(SHOWN_TEXT).count(), 2, "{both}");
}
