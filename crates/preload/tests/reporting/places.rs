//! Places for reports: descriptors that the program was started with, and files. Nothing is written to
//! what took a descriptor's number, nothing where another user could have put it, nothing is waited for;
//! and a line is there as a whole, or not at all.

use super::{ITS_OWN, counts, nothing_at};
use epshim_harness::c_compiler::compile;
use epshim_harness::preload::{Mode, command};
use epshim_harness::process::run;
use epshim_harness::products::{chmod, folder};
use std::fs::{self, File};
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

const FOUND: &str = "WARNING: epshim: ctl-error";
const FOUND_JSON: &str = "\"kind\":\"finding\"";

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let compile =
        || compile(env!("CARGO_MANIFEST_DIR"), &["tests/reporting/places.c"], "places", &[]);
    PROGRAM.get_or_init(compile)
}

/// The program with these options, started by a line of a shell in which it is `"$0" "$@"`.
fn through(line: &str, options: &str, arguments: &[&str]) -> Command {
    let environment = command(program(), Mode::Checking);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("export LD_PRELOAD EPSHIM_OPTIONS; LD_PRELOAD=$library; {line}"));
    shell.arg(program()).args(arguments);
    for (name, value) in environment.get_envs().filter(|(name, _)| *name == "LD_PRELOAD") {
        assert_eq!(name, "LD_PRELOAD");
        shell.env("library", value.unwrap());
    }
    shell
        .env_remove("LD_PRELOAD")
        .env("EPSHIM_OPTIONS", format!("mode=check:symbolize=0:{options}"));
    shell
}

#[track_caller]
fn ends(command: &mut Command) -> (String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [out, errors] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert_eq!(status.code(), Some(ITS_OWN), "{command:?}: {status}\n{errors}");
    (out, errors)
}

/// A report to a file, which may be refused: what is there afterwards, and standard error.
#[track_caller]
fn reports_to(path: &Path) -> String {
    let options = format!("log_path={}", path.display());
    let (out, errors) = ends(&mut through("exec \"$0\"", &options, &[]));
    assert_eq!(out, "");
    errors
}

#[track_caller]
fn refuses(path: &Path, reason: &str) {
    let errors = reports_to(path);
    counts(&errors, reason, 2);
    counts(&errors, FOUND, 1);
}

#[test]
fn a_report_goes_to_a_descriptor_that_the_program_was_started_with() {
    let (out, errors) = ends(&mut through("exec \"$0\"", "log_path=-", &[]));
    assert_eq!(errors, "");
    counts(&out, FOUND, 1);
    let (out, errors) = ends(&mut through("exec \"$0\"", "json=-", &[]));
    counts(&out, FOUND_JSON, 1);
    assert!(out.lines().count() == 2 && errors.contains(FOUND), "{out}{errors}");
    // A pipe, a file that is to be appended to, and one that is not.
    let file = nothing_at("descriptor");
    for redirected in ["7>&1 >/dev/null", "7>>\"$file\"", "7>\"$file\""] {
        let mut command = through(&format!("exec \"$0\" {redirected}"), "json=/dev/fd/7", &[]);
        let (out, errors) = ends(command.env("file", &file));
        let found = if out.is_empty() { fs::read_to_string(&file).unwrap() } else { out };
        counts(&found, FOUND_JSON, 1);
        assert_eq!(found.lines().count(), 2, "{redirected}: {found}{errors}");
        counts(&errors, "cannot be written", 0);
    }
}

#[test]
fn a_descriptor_that_cannot_be_written_to_is_said() {
    for redirected in ["7>&-", "7</dev/null", "7<\"$0\""] {
        let line = format!("exec \"$0\" {redirected}");
        let (_, errors) = ends(&mut through(&line, "log_path=/dev/fd/7", &[]));
        counts(&errors, "the descriptor is closed, or is another file now", 2);
        counts(&errors, FOUND, 1);
    }
}

#[test]
fn nothing_is_written_into_what_took_a_descriptor_s_number() {
    for (place, number) in [("-", "1"), ("/dev/fd/2", "2"), ("/dev/fd/7", "7")] {
        let file = nothing_at("took");
        let options = format!("log_path={place}:json={place}");
        let arguments = [number, file.to_str().unwrap()];
        let (out, errors) = ends(&mut through("exec \"$0\" \"$@\" 7>&1", &options, &arguments));
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), &*out), ("", ""));
        // Where standard error is gone, too, there is no place left to say so.
        counts(&errors, FOUND, usize::from(number != "2"));
    }
    // Nor is what a file cannot take.
    let file = nothing_at("took-instead");
    let arguments = ["2", file.to_str().unwrap()];
    ends(&mut through("exec \"$0\" \"$@\"", "log_path=/nonexistent/log", &arguments));
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
}

#[test]
fn a_link_in_a_folder_of_every_user_is_not_followed() {
    let folder = folder("reporting-shared");
    fs::create_dir(folder.join("mine")).unwrap();
    let target = folder.join("mine/target");
    fs::write(&target, "untouched\n").unwrap();
    let shared = folder.join("shared");
    fs::create_dir(&shared).unwrap();
    for mode in [0o1777, 0o777] {
        chmod(&shared, mode);
        symlink(&target, shared.join("link")).unwrap();
        symlink(folder.join("mine"), shared.join("folder")).unwrap();
        symlink(folder.join("mine/new"), shared.join("dangling")).unwrap();
        symlink(shared.join("link"), folder.join("mine/link")).unwrap();
        for path in ["shared/link", "shared/folder/new", "shared/dangling", "mine/link"] {
            refuses(&folder.join(path), "is a symbolic link in a folder where any user");
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched\n");
        assert!(!folder.join("mine/new").exists());
        for name in ["shared/link", "shared/folder", "shared/dangling", "mine/link"] {
            fs::remove_file(folder.join(name)).unwrap();
        }
    }
    // Elsewhere a link is as good as a file, and one's own file is appended to anywhere.
    symlink(&target, folder.join("mine/link")).unwrap();
    for path in ["mine/link", "shared/new", "shared/new"] {
        assert_eq!(reports_to(&folder.join(path)), "");
    }
    counts(&fs::read_to_string(&target).unwrap(), FOUND, 1);
    counts(&fs::read_to_string(shared.join("new")).unwrap(), FOUND, 2);
}

/// Only root can make another user's file.
#[test]
fn another_user_s_file_in_a_folder_of_every_user_is_not_opened() {
    let folder = folder("reporting-theirs");
    chmod(&folder, 0o1777);
    let theirs = folder.join("theirs");
    fs::write(&theirs, "").unwrap();
    chmod(&theirs, 0o666);
    if chown(&theirs, Some(65534), None).is_err() {
        return;
    }
    refuses(&theirs, "is another user's, in a folder where any user");
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "");
}

#[test]
fn a_fifo_is_not_waited_for() {
    let pipe = nothing_at("fifo-place");
    run(Command::new("mkfifo").arg(&pipe));
    refuses(&pipe, "no process reads it");
    // A reader that does not read: the pipe is full.
    let reader = File::options().read(true).write(true).open(&pipe).unwrap();
    let mut filler = Command::new("dd");
    filler.args(["if=/dev/zero", "bs=4096", "oflag=nonblock"]).stderr(Stdio::null());
    filler.arg(format!("of={}", pipe.display())).status().unwrap();
    refuses(&pipe, "its reader does not read");
    drop(reader);
}

/// Each line is JSON, and no line is cut.
#[track_caller]
fn whole_lines(text: &str) {
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    for line in text.lines() {
        let value: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert_eq!(value["schema"], 1);
    }
}

/// Eight processes append at once to what has room for a part of it.
#[test]
fn where_the_limit_of_file_sizes_is_reached_lines_are_whole_and_the_program_lives() {
    for blocks in [0, 1, 3, 5, 8, 13] {
        let found = nothing_at("limited");
        let options = format!("json={}", found.display());
        let line = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let (_, errors) = ends(&mut through(&line, &options, &["children", "8"]));
        assert!(errors.contains("json says (the limit of file sizes is reached)"), "{errors}");
        let text = fs::read_to_string(&found).unwrap_or_default();
        whole_lines(&text);
        assert!(text.len() <= blocks * 512 && (blocks < 5 || !text.is_empty()), "{}", text.len());
    }
}

/// The same where the disk is full.
#[test]
fn where_the_disk_is_full_lines_are_whole_and_the_program_lives() {
    let copy = nothing_at("full");
    let mount = "mount -t tmpfs -o size=8k none /mnt || exit 77";
    let line =
        format!("{mount}; \"$0\" \"$@\"; status=$?; cat /mnt/found > \"$copy\"; exit $status");
    let mut command = Command::new("unshare");
    let inner = through(&line, "json=/mnt/found", &["children", "8"]);
    command.arg("-rm").arg(inner.get_program()).args(inner.get_args()).env("copy", &copy);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let Output { status, stderr, .. } = command.output().unwrap();
    let errors = String::from_utf8_lossy(&stderr);
    if status.code() != Some(ITS_OWN) && !errors.contains("epshim: ") {
        println!("skipped: no file system can be mounted here: {errors}");
        return;
    }
    assert_eq!(status.code(), Some(ITS_OWN), "{errors}");
    assert!(errors.contains("json says (no space is left)"), "{errors}");
    let text = fs::read_to_string(&copy).unwrap();
    whole_lines(&text);
    assert!(!text.is_empty());
}
