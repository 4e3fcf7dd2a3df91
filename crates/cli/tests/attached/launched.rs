//! A program that is started with `--engine bpf`: static, Go, setuid, and one that cannot be run.

use crate::command::{Answer, answer, epshim, json};
use crate::engine::{can_attach, file, is_privileged};
use epshim_harness::deadline;
use epshim_harness::misuse::{Variant, programs};
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use epshim_harness::tools::is_installed;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

fn misuse(name: &str) -> Variant {
    programs().into_iter().find(|it| it.name == name && !it.is_right()).unwrap()
}

/// What a program has written, what became of it, and what was found.
fn start(options: &[&str], program: &[&str]) -> (Option<i32>, String, Vec<Value>) {
    let to = file();
    let mut command = epshim(&["check", "--engine", "bpf", "--json"]);
    command.arg(&to).args(options).arg("--").args(program);
    let mut process = Process::start("the program", &mut command);
    // Its watcher has its standard error, too, so that this is when both have ended.
    let (status, _, _) = process.finish(deadline()).unwrap();
    let text = fs::read_to_string(&to).unwrap_or_default();
    let _ = fs::remove_file(&to);
    (status.code(), process.stderr(), text.lines().map(json).collect())
}

fn rules(lines: &[Value]) -> Vec<&str> {
    let found = lines.iter().filter(|line| line["kind"] == "finding");
    found.map(|line| line["rule"].as_str().unwrap()).collect()
}

#[test]
fn a_static_program_is_watched_from_its_first_call() {
    if !can_attach() {
        return;
    }
    for name in ["ctl-error/already_added", "edge-not-drained/single_read"] {
        let program = misuse(name);
        let path = program.build("-launched", &["-static"]);
        let (_, err, lines) = start(&[], &[path.to_str().unwrap()]);
        assert!(rules(&lines).contains(&program.rule()), "{name}: {err}");
        assert!(err.contains("from outside"), "{err}");
    }
}

#[test]
fn its_exit_code_is_its_own_and_what_cannot_be_run_is_said_once() {
    if !can_attach() {
        return;
    }
    let (code, err, lines) = start(&[], &["sh", "-c", "exit 7"]);
    assert_eq!(code, Some(7), "{err}");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let (code, err, lines) = start(&[], &["/dev/null/no-such-program"]);
    assert_eq!((code, lines.len()), (Some(127), 0), "{err}");
    let folder = folder("launched-broken");
    let broken = folder.join("broken");
    fs::write(&broken, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).unwrap();
    let (code, err, lines) = start(&[], &[broken.to_str().unwrap()]);
    assert_eq!((code, lines.len()), (Some(127), 0), "{err}");
    assert!(!err.contains("findings"), "{err}");
}

#[test]
fn a_setuid_program_has_the_ids_that_it_has_without_it() {
    if !can_attach() || !is_privileged() || !is_installed("setpriv") {
        return;
    }
    let folder = folder("launched-setuid");
    let own = folder.join("id");
    fs::copy("/usr/bin/id", &own).unwrap();
    let changed = Command::new("chown").args(["nobody"]).arg(&own).status().unwrap();
    assert!(changed.success());
    fs::set_permissions(&own, fs::Permissions::from_mode(0o4755)).unwrap();
    let plain = Answer::from(Command::new(&own).arg("-u").output().unwrap());
    let Answer { code, out, err } =
        answer(&["check", "--quiet", "--engine", "bpf", "--", own.to_str().unwrap(), "-u"]);
    assert_eq!((code, &out), (0, &plain.out), "{err}");
    assert_ne!(out.trim(), "0");
}

#[test]
fn who_has_not_the_right_is_told_so_and_the_program_does_not_run() {
    if !is_privileged() || !can_attach() || !is_installed("setpriv") {
        return;
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set", "-all", "--inh-caps", "-all"])
        .arg(env!("CARGO_BIN_EXE_epshim"))
        .args(["check", "--engine", "bpf", "--", "echo", "it runs"]);
    let Answer { code, out, err } = Answer::from(command.output().unwrap());
    assert_eq!((code, out.as_str()), (125, ""), "{err}");
    assert!(err.contains("needs CAP_BPF and CAP_PERFMON"), "{err}");
    assert!(err.contains("`epshim inspect` works without"), "{err}");
}

#[test]
fn what_has_no_meaning_with_it_is_refused() {
    for (options, what) in [
        (&["--error-exitcode", "9"][..], "its own"),
        (&["--halt-on-error"], "ends no program"),
        (&["--for", "1s"], "to its end"),
        (&["--children"], "--pid"),
    ] {
        let all = [&["check", "--engine", "bpf"], options, &["--", "true"]].concat();
        let Answer { code, err, .. } = answer(&all);
        assert_eq!(code, 125, "{options:?}: {err}");
        assert!(err.contains(what), "{options:?}: {err}");
    }
}

#[test]
fn who_is_refused_is_offered_it() {
    let path = misuse("ctl-error/already_added").build("-refused", &["-static"]);
    let Answer { code, err, .. } = answer(&["check", path.to_str().unwrap()]);
    assert_eq!(code, 125, "{err}");
    assert!(err.contains("epshim check --engine bpf -- CMD"), "{err}");
}
