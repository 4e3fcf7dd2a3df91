//! What shells complete: rules, targets and languages by their names, and processes that run.
//!
//! bash is run; of the other shells' scripts, which they would need to be run by, no more is asked than that they have
//! the same.

mod command;

use command::{epshim, output};
use epshim_harness::c_compiler::compile;
use epshim_harness::process::{Process, stdout_of};
use epshim_harness::products::folder;
use epshim_harness::{cargo, deadline};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

static SCRIPT: LazyLock<PathBuf> = LazyLock::new(|| {
    let script = folder("completions-bash").join("epshim");
    fs::write(&script, output(&["completions", "bash"])).unwrap();
    script
});

/// The words that bash offers for the last one.
fn offered(words: &[&str]) -> Vec<String> {
    // As readline calls it: the command, the word, the one before.
    let ask = "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1))\n\
               function=$(complete -p epshim | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\n\
               $function \"$1\" \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"\n\
               [ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", ask]).arg(&*SCRIPT).arg(epshim(&[]).get_program()).args(words);
    bash.current_dir(SCRIPT.parent().expect("a folder"));
    stdout_of(&mut bash).lines().map(str::to_owned).collect()
}

#[test]
fn bash_knows_rules_targets_and_languages() {
    for (words, expected) in [
        (&["expl"][..], &["explain"][..]),
        (&["explain", "ed"], &["edge-not-drained"]),
        (&["explain", "loop"], &["loop-stall", "loop-blocked"]),
        (&["check", "--only", "gh"], &["ghost"]),
        (&["check", "--except", "level"], &["level-spin"]),
        (&["layout", "--target", "aarch64-linux-g"], &["aarch64-linux-gnu"]),
        (&["layout", "--emit", "py"], &["python"]),
    ] {
        assert_eq!(offered(words), expected, "{words:?}");
    }
}

fn stuck(folder: &Path, name: &str) -> Process {
    let source = cargo::root().join("crates/cli/tests/inspect/stuck.c");
    let built = compile("", &[source.to_str().expect("UTF-8")], "completions-stuck", &[]);
    fs::copy(built, folder.join(name)).unwrap();
    let mut process = Process::start(name, Command::new(folder.join(name)).arg("idle"));
    assert_eq!(process.next_line(deadline()).expect("in time").as_deref(), Some("stuck"));
    process
}

#[test]
fn bash_knows_the_processes_that_have_an_epoll() {
    let folder = folder("completions-processes");
    let process = stuck(&folder, "waits-for-ever");
    let pid = process.id().to_string();
    assert!(offered(&["inspect", &pid]).contains(&pid));
    assert!(offered(&["inspect", "waits-for"]).contains(&"waits-for-ever".to_owned()));
    assert!(offered(&["inspect", "-v", ""]).contains(&pid));
    assert_eq!(offered(&["inspect", "--js"]), ["--json"]);
    assert!(!offered(&["inspect", "--interval", ""]).contains(&pid));
    assert!(!offered(&["explain", ""]).contains(&pid));
}

/// bash would run it.
#[test]
fn a_process_with_a_command_for_a_name_is_offered_by_its_id_alone() {
    let folder = folder("completions-evil");
    let process = stuck(&folder, "$(touch owned)");
    let pid = process.id().to_string();
    let all = offered(&["inspect", ""]);
    assert!(all.contains(&pid) && !all.iter().any(|word| word.contains("touch")), "{all:?}");
    assert!(!epshim_harness::products::product("completions-bash/owned").exists());
}

#[test]
fn the_scripts_of_zsh_and_fish_have_the_same() {
    let (zsh, fish) = (output(&["completions", "zsh"]), output(&["completions", "fish"]));
    for word in ["edge-not-drained", "loop-blocked", "aarch64-linux-gnu", "python"] {
        assert!(zsh.contains(word) && fish.contains(word), "{word}");
    }
    assert!(zsh.starts_with("#compdef epshim\n"), "{zsh}");
    assert!(zsh.contains(":_epshim_processes' \\\n") && zsh.contains("\n_epshim_processes() {"));
    assert!(fish.contains("subcommand inspect\" -f -a \"(command epshim processes 2>/dev/null)\""));
}
