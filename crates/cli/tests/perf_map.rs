//! `/tmp/perf-PID.map`: a call from code that was compiled while the program ran has a name, if the list is the user's own
//! file and nothing else.

#![cfg(target_arch = "x86_64")] // the program has code of this machine

mod command;

use command::{json, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::products::folder;
use serde_json::Value;
use std::fs;

/// The first finding of the program.
fn found(way: &str) -> Value {
    // On the file system of /tmp, for the sake of the hard link.
    let beside = std::env::temp_dir().join(format!("epshim-perf-map-{way}-{}", std::process::id()));
    let folder = folder(&format!("perf-map-{way}"));
    let program = compile_text(&folder, "compiles", include_str!("perf_map.c"), &["-D_GNU_SOURCE"]);
    let file = folder.join("found.json");
    let _ = fs::remove_file(&file);
    let mut command = watching(&["check", "--json"]);
    let output = command.arg(&file).arg("--").arg(program).args([way.as_ref(), beside.as_os_str()]);
    let output = output.output().expect("epshim runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{way}: {:?}: {text}", output.status);
    let lines = fs::read_to_string(&file).expect("a file");
    let first = json(lines.lines().next().expect("a line"));
    let _ = fs::remove_file(beside);
    let _ = fs::remove_file(format!("/tmp/perf-{}.map", first["pid"]));
    first
}

#[test]
fn code_that_a_compiler_lists_has_its_name() {
    let finding = found("own");
    assert_eq!(finding["rule"], "ctl-error");
    let blame = &finding["blame"];
    assert_eq!(blame["module"], Value::Null);
    assert_eq!(blame["function"], "serve", "{finding}");
    assert_eq!((&blame["file"], &blame["line"]), (&"/srv/app.js".into(), &3.into()));
    assert_eq!(finding["suppression"], "ctl-error:serve");
}

#[test]
fn a_list_that_is_a_link_or_has_another_name_is_not_read() {
    for way in ["symbolic", "hard"] {
        let finding = found(way);
        assert_eq!(finding["sites"][0]["frames"][0]["module"], Value::Null, "{finding}");
        assert_eq!(finding["sites"][0]["frames"][0]["function"], Value::Null, "{way}: {finding}");
    }
}
