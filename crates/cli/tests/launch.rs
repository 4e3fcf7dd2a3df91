//! `epshim check` and `epshim run`: the program becomes this process, with the environment that was asked
//! for; and where it cannot, the exit code says why.

mod command;

use command::{Answer, ask, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::preload;
use epshim_harness::process::stdout_of;
use epshim_harness::products::{chmod, folder, script};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

/// The variables that `--print-env` prints: LD_PRELOAD and EPSHIM_OPTIONS.
fn printed(command: &mut Command) -> (String, String) {
    let Answer { code, out, err } = ask(command);
    assert_eq!((code, &*err), (0, ""), "{command:?}");
    let mut lines = out.lines().map(|line| line.split_once('=').unwrap());
    let (first, second) = (lines.next().unwrap(), lines.next().unwrap());
    assert_eq!((first.0, second.0, lines.next()), ("LD_PRELOAD", "EPSHIM_OPTIONS", None), "{out}");
    (first.1.to_owned(), second.1.to_owned())
}

/// The options that `check` prints with these arguments, but for the path of this command.
fn options(arguments: &[&str], environment: &str) -> String {
    let mut command = watching(&["check", "--print-env"]);
    let (_, options) = printed(command.args(arguments).env("EPSHIM_OPTIONS", environment));
    let symbolizer = format!("symbolizer={}", env!("CARGO_BIN_EXE_epshim"));
    let parts: Vec<_> = options.split(':').filter(|part| *part != symbolizer).collect();
    assert_eq!(parts.len() + 1, options.split(':').count(), "{options}");
    parts.join(":")
}

#[test]
fn the_program_is_this_process_and_its_exit_code_is_ours() {
    for subcommand in ["check", "run"] {
        let mut child = watching(&[subcommand, "--", "sh", "-c", "echo $$; exit 7"]);
        let child = child.stdout(Stdio::piped()).spawn().unwrap();
        let id = child.id();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{subcommand}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{id}\n"));
    }
}

#[test]
fn the_program_s_death_by_a_signal_is_ours() {
    let status = watching(&["run", "sh", "-c", "kill -TERM $$"]).status().unwrap();
    assert_eq!(status.signal(), Some(15));
}

/// A program that a signal ends at once has written no other line.
#[test]
fn the_first_line_says_what_is_watched_unless_quiet() {
    let said = |options: &[&str]| {
        let mut command = watching(&["check"]);
        let output = command.args(options).args(["sh", "-c", "kill -KILL $$"]).output().unwrap();
        assert_eq!(output.status.signal(), Some(9), "{options:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let all = said(&[]);
    let first = all.lines().next().unwrap();
    let (pid, line) = first.strip_prefix("==").and_then(|rest| rest.split_once("== ")).unwrap();
    assert!(pid.parse::<u32>().is_ok(), "{first}");
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("epshim {version}: watches sh; the report goes to standard error");
    assert_eq!(line, expected);
    let folder = folder("launch-first-line");
    let (log, json) = (folder.join("log"), folder.join("json"));
    let places = format!("the report goes to {}, as JSON to {}\n", log.display(), json.display());
    let [log, json] = [&log, &json].map(|path| path.to_str().unwrap());
    assert!(said(&["--log", log, "--json", json]).ends_with(&places));
    assert_eq!(said(&["--quiet", "--log", log]), "");
}

#[test]
fn arguments_are_handed_on_as_they_are() {
    let mut command = watching(&["run", "cat", "/proc/self/cmdline", "-u", "--"]);
    assert_eq!(ask(&mut command).out, "cat\0/proc/self/cmdline\0-u\0--\0");
    let mut command = watching(&["check", "--", "printf", "%s|", "--notes", "-h", "a b", ""]);
    assert_eq!(ask(&mut command).out, "--notes|-h|a b||");
    let mut command = watching(&["run", "printf", "%s"]);
    let output = command.arg(OsStr::from_bytes(b"\xff\xfe")).output().unwrap();
    assert_eq!(output.stdout, b"\xff\xfe");
}

#[test]
fn the_library_is_loaded() {
    let mut command = watching(&["run", "cat", "/proc/self/maps"]);
    let maps = ask(&mut command).out;
    assert!(maps.contains(preload::library().to_str().unwrap()), "{maps}");
}

#[test]
fn what_is_missing_is_127_and_what_cannot_run_is_126() {
    let folder = folder("exit_codes");
    let file = |name: &str| folder.join(name).display().to_string();
    script(&folder.join("no_line"), "echo\n");
    script(&folder.join("bad_line"), "#!/no/such/interpreter\n");
    fs::write(folder.join("plain"), "").unwrap();
    chmod(&folder.join("plain"), 0o644);
    script(&folder.join("circle"), &format!("#!{}\n", file("circle")));
    for (name, code, words) in [
        ("epshim-no-such-command", 127, "no such command in PATH"),
        ("", 127, "no name of a command"),
        (&file("missing"), 127, "No such file or directory"),
        (&file("plain/x"), 127, "Not a directory"),
        (&file("bad_line"), 127, "/no/such/interpreter"),
        (&file("plain"), 126, "Permission denied"),
        (folder.to_str().unwrap(), 126, "is a directory"),
        (&file("no_line"), 126, "no #! line"),
        (&file("circle"), 126, "too many #! lines"),
    ] {
        let Answer { code: found, out, err } = ask(&mut watching(&["run", "--", name]));
        assert_eq!((found, &*out), (code, ""), "{name}: {err}");
        assert!(err.starts_with("epshim: cannot run ") && err.contains(words), "{name}: {err}");
    }
}

#[test]
fn path_is_searched_as_execvp_does() {
    let folder = folder("path");
    for (name, mode) in [("first", 0o644), ("second", 0o755)] {
        fs::create_dir(folder.join(name)).unwrap();
        script(&folder.join(name).join("which"), &format!("#!/bin/sh\necho {name}\n"));
        chmod(&folder.join(name).join("which"), mode);
    }
    let search = |path: &str| {
        let mut command = watching(&["run", "which"]);
        ask(command.env("PATH", path).current_dir(folder.join("second")))
    };
    let (first, second) = (folder.join("first"), folder.join("second"));
    let both = format!("{}:{}", first.display(), second.display());
    assert_eq!(search(&both).out, "second\n", "what may not be executed is passed over");
    assert_eq!(search("/no/such/folder:").out, "second\n", "an empty folder is the current one");
    assert_eq!(search(first.to_str().unwrap()).code, 126);
    assert_eq!(search("/no/such/folder").code, 127);
}

#[test]
fn a_wrong_option_is_125_and_starts_nothing() {
    for arguments in [
        &["check", "--onyl", "ghost", "true"][..],
        &["check"],
        &["run", "--notes", "true"],
        &["check", "--only", "gost", "true"],
        &["check", "--stack", "65", "true"],
        &["check", "--error-exitcode", "256", "true"],
        &["check", "--trace-children=perhaps", "true"],
        &["check", "--suppressions", "/no/such/file", "true"],
    ] {
        let answer = ask(&mut watching(arguments));
        assert_eq!((answer.code, &*answer.out), (125, ""), "{arguments:?}: {}", answer.err);
    }
    let answer = ask(&mut watching(&["check", "--only", "gost", "true"]));
    assert!(answer.err.contains("did you mean `ghost`?"), "{}", answer.err);
    assert_eq!(ask(&mut watching(&["check", "--help"])).code, 0);
    assert_eq!(ask(&mut watching(&["chekc"])).code, 2);
}

#[test]
fn options_become_keys() {
    assert_eq!(options(&[], ""), "mode=check:trace_children=0");
    let folder = folder("options");
    let file = folder.join("suppressions");
    fs::write(&file, "ghost:*\n").unwrap();
    let file = file.to_str().unwrap();
    let all = [
        "--json",
        "/j/%p",
        "--log",
        "/l",
        "--only",
        "level-spin,ghost",
        "--only",
        "lost-write",
        "--except",
        "ghost",
        "--error-exitcode",
        "9",
        "--halt-on-error",
        "--suppressions",
        file,
        "--notes",
        "--trace-children",
        "--stack",
        "3",
        "true",
    ];
    assert_eq!(
        options(&all, ""),
        format!(
            "mode=check:json=/j/%p:log_path=/l:only=ghost,level-spin,lost-write:except=ghost:exitcode=9:\
             halt_on_error=1:suppressions={file}:notes=1:stack_depth=3"
        )
    );
}

#[test]
fn the_environment_s_options_are_kept_and_the_command_line_wins() {
    let old = "exitcode=3:only=ghost:trace_children=1:mode=transparent:color=never";
    assert_eq!(options(&[], old), "mode=check:only=ghost:exitcode=3:color=never");
    assert_eq!(
        options(&["--only=level-spin", "--trace-children=no", "--error-exitcode=0"], old),
        "mode=check:only=level-spin:trace_children=0:color=never"
    );
    let mut run = watching(&["run", "--print-env"]);
    let (_, transparent) = printed(run.env("EPSHIM_OPTIONS", "mode=check:notes=1"));
    assert_eq!(transparent, "notes=1:trace_children=0");
}

#[test]
fn an_option_of_no_effect_is_named_and_the_program_runs() {
    let mut command = watching(&["run", "true"]);
    let answer = ask(command.env("EPSHIM_OPTIONS", "exit_code=3:notes=maybe"));
    assert_eq!(answer.code, 0);
    let expected = "epshim: EPSHIM_OPTIONS: unknown option `exit_code`; did you mean `exitcode`?\n\
                    epshim: EPSHIM_OPTIONS: notes=maybe: expected 0 or 1\n";
    assert!(answer.err.starts_with(expected), "{}", answer.err);
}

#[test]
fn a_relative_path_is_of_the_folder_where_it_was_said() {
    let folder = folder("relative");
    let mut command = watching(&["check", "--print-env", "--log", "a b:%p"]);
    let (_, options) = printed(command.current_dir(&folder));
    let quoted = format!("log_path=\"{}/a b:%p\"", folder.display());
    assert!(options.starts_with('\'') && options.contains(&quoted), "{options}");
    // And a shell reads it back.
    let out = ask(command.current_dir(&folder)).out;
    let shell = format!("{out}\nprintf %s \"$EPSHIM_OPTIONS\"");
    let read = stdout_of(Command::new("sh").args(["-c", &shell]));
    assert!(read.contains(&quoted) && !read.contains('\''), "{read}");
}

#[test]
fn other_preloaded_libraries_are_kept_and_this_one_is_there_once() {
    let folder = folder("merge");
    let copy = |name: &str| {
        fs::copy(preload::library(), folder.join(name)).unwrap();
        folder.join(name).display().to_string()
    };
    let (library, a, b) = (preload::library().display().to_string(), copy("a.so"), copy("b.so"));
    let old = format!("{a} {b}::{}", copy("libepshim_preload.so"));
    let mut command = watching(&["check", "--print-env", "true"]);
    let (preload, _) = printed(command.env("LD_PRELOAD", old));
    assert_eq!(preload, format!("{library}:{a}:{b}"));
}

#[test]
fn a_sanitizer_s_runtime_comes_first_and_the_program_runs() {
    let folder = folder("sanitizer");
    let source = "#include <sys/epoll.h>\nint main(void) { return epoll_create1(0) < 0; }\n";
    let kinds =
        if cfg!(target_pointer_width = "64") { &["address", "thread"][..] } else { &["address"] };
    for kind in kinds {
        let program = compile_text(&folder, kind, source, &[&format!("-fsanitize={kind}")]);
        let program = program.to_str().unwrap();
        let (preload, _) = printed(&mut watching(&["check", "--print-env", program]));
        let first = format!("lib{}san.so.", &kind[..1]);
        assert!(preload.starts_with(&first), "{preload}");
        // ThreadSanitizer does not start on every kernel; then it does not here either.
        let plain = ask(&mut Command::new(program));
        let answer = ask(&mut watching(&["run", program]));
        assert_eq!(answer.code, plain.code, "{kind}: {}", answer.err);
        let through = folder.join(format!("{kind}.sh"));
        script(&through, &format!("#!/usr/bin/env -S {program}\n"));
        let (through, _) =
            printed(&mut watching(&["run", "--print-env", through.to_str().unwrap()]));
        assert_eq!(through, preload);
    }
}

#[test]
fn ignored_and_blocked_signals_stay_as_they_were() {
    let script = "import signal, subprocess, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
command = ['grep', '-E', 'Sig(Blk|Ign)', '/proc/self/status']
print(subprocess.check_output(sys.argv[1:] + command, restore_signals=False).decode())";
    if Command::new("python3").arg("--version").output().is_err() {
        return eprintln!("skipped: python3 is not installed");
    }
    let status = |before: &[&str]| {
        let mut python = Command::new("python3");
        let output = python.args(["-c", script]).args(before).output().expect("python3 runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let plain = status(&[]);
    assert!(plain.contains("SigBlk"));
    assert_eq!(status(&[env!("CARGO_BIN_EXE_epshim"), "run", "--"]), plain);
}
