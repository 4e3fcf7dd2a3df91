//! `--suppressions` names what every tool can read: a file, a pipe, a descriptor, standard input. The library
//! opens the file when the program has started, where a descriptor of the shell's is of no use: what only this
//! command can read is handed on as text.

mod command;

use command::watching;
use epshim_harness::c_compiler::compile_text;
use epshim_harness::deadline;
use epshim_harness::process::{Process, run};
use epshim_harness::products::folder;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What bash says of this script, in which `$epshim` is the command: exit code, output, errors.
#[track_caller]
fn bash(script: &str) -> (Option<i32>, String, String) {
    let command = watching(&[]);
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).env("epshim", command.get_program());
    for (name, _) in command.get_envs() {
        shell.env_remove(name);
    }
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Relaxed);
    shell.current_dir(folder(&format!("suppressions-{call}")));
    let (status, out, errors) =
        Process::start("bash", &mut shell).finish(deadline()).expect("it ends");
    (status.code(), out.join("\n"), errors.join("\n"))
}

/// The lines that are handed on, of these arguments.
#[track_caller]
fn handed_on(arguments: &str) -> String {
    let (code, out, errors) = bash(&format!("\"$epshim\" check --print-env {arguments}"));
    assert_eq!((code, &*errors), (Some(0), ""), "{arguments}: {out}");
    let (_, value) = out.split_once(":suppress=\"").unwrap_or_else(|| panic!("{arguments}: {out}"));
    value.split_once('"').unwrap().0.to_owned()
}

#[test]
fn what_is_no_file_of_a_name_is_handed_on_as_text() {
    let both = "ghost:*\nlevel-spin:a b";
    let text = "'ghost:* \\n#ghost:no\\n\\n level-spin:a b\\n'";
    for arguments in [
        &*format!("--suppressions <(printf {text})"),
        &format!("--suppressions /dev/fd/7 7< <(printf {text})"),
        &format!("--suppressions /proc/self/fd/7 7<<< $(printf {text})$'\\n'"),
        &format!("--suppressions - < <(printf {text})"),
        &format!("--suppressions /dev/stdin < <(printf {text})"),
    ] {
        assert_eq!(handed_on(arguments), both, "{arguments}");
    }
}

#[test]
fn a_descriptor_of_a_file_is_read_now_and_its_link_too() {
    let script = "printf 'ghost:x\\n' > file; ln -s /dev/fd/8 link; mkfifo pipe; printf 'ghost:z\\n' > pipe & ";
    for (arguments, handed) in [
        ("/dev/fd/7 7< file", ":suppress=\"ghost:x\":"),
        ("link 8< file", ":suppress=\"ghost:x\":"),
        ("pipe", ":suppress=\"ghost:z\":"),
        ("./file", "/file:"),
    ] {
        let script = format!(
            "{script} \"$epshim\" check --print-env --stack 3 --suppressions {arguments}; : <> pipe"
        );
        let (code, out, errors) = bash(&script);
        assert_eq!((code, &*errors), (Some(0), ""), "{arguments}: {out}");
        let out = out.replace("\"'", "\":'");
        assert!(
            out.contains(handed) || out.contains(handed.trim_end_matches(':')),
            "{arguments}: {out}"
        );
        assert_eq!(out.contains(":suppressions="), arguments == "./file", "{out}");
    }
}

#[test]
fn what_is_wrong_in_it_is_said_before_the_program_starts() {
    let (code, out, errors) = bash(
        "\"$epshim\" check --suppressions <(printf 'gost:*\\nghost:*\\n') printenv EPSHIM_OPTIONS",
    );
    assert_eq!(code, Some(0), "{errors}");
    assert!(errors.contains("line 1: no rule `gost`; did you mean `ghost`?"), "{errors}");
    assert!(out.contains("suppress=\"ghost:*\"") && !out.contains("gost"), "{out}");
}

#[test]
fn what_is_too_long_or_not_there_is_refused() {
    for (arguments, reason) in [
        ("<(yes 'ghost:a')", "longer than"),
        ("<(yes 'ghost:a' | head -c 60000)", "a file"),
        ("/dev/fd/9", "No such file or directory"),
        ("/dev/zero", "longer than"),
    ] {
        let (code, _, errors) = bash(&format!("\"$epshim\" check --suppressions {arguments} true"));
        assert_eq!(code, Some(125), "{arguments}: {errors}");
        assert!(errors.contains("cannot read") || errors.contains("cannot hand on"), "{errors}");
        assert!(errors.contains(reason), "{arguments}: {errors}");
    }
}

/// The environment's own text stays, unless the command line says otherwise.
#[test]
fn the_command_line_wins() {
    let folder = folder("suppressions-wins");
    fs::write(folder.join("file"), "ghost:*\n").unwrap();
    let value = |arguments: &[&str], environment: &str| {
        let mut command = watching(&["check", "--print-env"]);
        command.args(arguments).env("EPSHIM_OPTIONS", environment).current_dir(&folder);
        String::from_utf8(run(&mut command).stdout).unwrap()
    };
    assert!(value(&[], "suppress=\"ghost:a\"").contains("suppress=\"ghost:a\""));
    let printed = value(&["--suppressions", "file"], "suppress=\"ghost:a\"");
    assert!(!printed.contains("suppress=") && printed.contains("/file"), "{printed}");
}

/// From the text to the report: also of a child, whose shell has closed the pipe long ago.
#[test]
fn what_is_handed_on_suppresses() {
    let place = folder("suppressions-report");
    let source = "#include <sys/epoll.h>\nint main(void)\n{\n    \
                  return epoll_ctl(epoll_create1(0), EPOLL_CTL_DEL, 99, 0) != -1;\n}\n";
    let program = compile_text(&place, "wrong", source, &[]);
    for (line, found) in [("ctl-error:wrong", false), ("ghost:*", true)] {
        for before in ["", "--trace-children=yes sh -c '\"$0\"; \"$0\"' "] {
            let (code, _, errors) = bash(&format!(
                "\"$epshim\" check --suppressions <(echo {line}) {before}{}",
                program.display()
            ));
            assert_eq!(code, Some(0), "{errors}");
            assert_eq!(errors.contains("SUMMARY: epshim: ctl-error"), found, "{before}: {errors}");
            assert_eq!(errors.contains("suppressed by ctl-error:wrong"), !found, "{errors}");
        }
    }
}
