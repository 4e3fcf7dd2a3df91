//! What the command says where nothing is to be broken, and what it refuses.

use crate::command::{answer, ask, epshim};
use crate::{search, text, turn};
use epshim_harness::c_compiler::{build, c11};
use epshim_harness::cargo;
use epshim_harness::products::{chmod, folder, script};
use std::{env, fs};

#[test]
fn a_test_that_fails_without_faults_is_no_test() {
    let _turn = turn();
    let outcome = search("fails", &["--seed", "5"], &["false"]);
    assert_eq!(outcome.code, 3, "{}", outcome.err);
    assert!(outcome.err.starts_with("epshim chaos: seed 5, level polite"), "{}", outcome.err);
    assert!(outcome.err.contains("run 1 of 3 fails: status 1"), "{}", outcome.err);
}

/// Passes 3 times, and fails then; of its calls none can have a fault.
#[test]
fn a_failure_without_a_fault_is_none_of_chaos() {
    let _turn = turn();
    let folder = folder("chaos-flaky");
    let (source, count) = (folder.join("flaky.c"), folder.join("count"));
    let program = "#include <stdio.h>\n#include <sys/epoll.h>\n#include <unistd.h>\n\
         int main(int count, char **words)\n{\n    (void)count;\n    FILE *file = fopen(words[1], \"a+\");\n    \
         struct epoll_event event = {.events = EPOLLIN};\n    int pipes[2], epoll = epoll_create1(0);\n    \
         if (file == NULL || pipe(pipes) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[0], &event) != 0)\n        \
         return 2;\n    fputc('x', file);\n    return epoll_wait(epoll, &event, 1, 0) != 0 || ftell(file) > 3;\n}\n";
    fs::write(&source, program).unwrap();
    let path = build(c11().arg(&source), "chaos-flaky-program");
    let words = ["--only", "accept-aborted", "--runs", "3"];
    let outcome = search("flaky", &words, &[text(&path), text(&count)]);
    assert_eq!(outcome.code, 3, "{}", outcome.err);
    assert!(outcome.err.contains("no fault was made"), "{}", outcome.err);
}

#[test]
fn a_program_without_an_epoll_has_no_fault() {
    let _turn = turn();
    let outcome = search("nothing", &[], &["true"]);
    assert_eq!(outcome.code, 4, "{}", outcome.err);
    assert!(outcome.err.contains("no fault could be made"), "{}", outcome.err);
    // The seed is said all the same.
    assert!(outcome.err.starts_with("epshim chaos: seed "), "{}", outcome.err);
}

#[test]
fn call_sites_are_listed_and_one_is_chosen() {
    let _turn = turn();
    let source = cargo::root().join("c_tests/chaos/rest_forgotten.c");
    let path = build(c11().args(["-g", "-O1", "-DRIGHT"]).arg(source), "chaos-sites-program");
    let runs = ["--seed", "1", "--runs", "6", "--level", "rough"];
    let all = search("sites-all", &[&runs[..], &["--sites"]].concat(), &[text(&path)]);
    assert_eq!(all.code, 0, "{}", all.err);
    for site in ["flush rest_forgotten.c:", "on_input server.h:"] {
        let line = all.err.lines().find(|line| line.trim_start().starts_with(site));
        let line = line.unwrap_or_else(|| panic!("no {site}:\n{}", all.err));
        assert!(line.contains(": made ") && !line.contains("made none"), "{line}");
    }

    let one = search("sites-one", &[&runs[..], &["--sites=flush"]].concat(), &[text(&path)]);
    assert_eq!(one.code, 0, "{}", one.err);
    let made = |site: &str| {
        let line = one.err.lines().find(|line| line.trim_start().starts_with(site));
        line.is_some_and(|line| !line.contains("made none"))
    };
    assert!(made("flush ") && !made("on_input "), "{}", one.err);

    let none = search("sites-none", &[&runs[..], &["--sites=flash"]].concat(), &[text(&path)]);
    assert_eq!(none.code, 2, "{}", none.err);
    assert!(none.err.contains("no call site is `flash`"), "{}", none.err);
    assert!(none.err.contains("flush rest_forgotten.c:"), "{}", none.err);
}

#[test]
fn a_folder_that_the_library_cannot_be_told_is_refused() {
    for name in ["with space", "with:colon"] {
        let place = folder("chaos-places").join(name);
        fs::create_dir_all(&place).unwrap();
        let refused = ask(epshim(&["chaos", "--", "true"]).env("TMPDIR", &place));
        assert_eq!(refused.code, 125, "{refused:?}");
        assert!(refused.err.contains("TMPDIR says where"), "{refused:?}");
    }
}

#[test]
fn what_is_misspelt_tests_nothing_and_is_refused() {
    for (words, says) in [
        (&["chaos", "--only", "short-reed", "--", "true"][..], "did you mean `short-read`?"),
        (&["chaos", "--level", "mild", "--", "true"], "expected polite, rough or brutal"),
        (&["chaos", "--for", "10x", "--", "true"], "a number and ms, s, m or h"),
        (&["chaos", "--sweep", "--runs", "3", "--", "true"], "cannot be used with"),
        (&["chaos"], "required"),
    ] {
        let answer = answer(words);
        assert_eq!(
            (answer.code, answer.err.contains(says)),
            (2, true),
            "{words:?}: {}",
            answer.err
        );
    }
}

#[test]
fn a_file_that_is_no_replay_file_is_refused_with_its_line() {
    let file = folder("chaos-bad").join("bad.chaos");
    fs::write(&file, "epshim-chaos 1\nlevel polite\nshort-read process 1\n").unwrap();
    let answer = ask(&mut epshim(&["chaos", "--replay", text(&file), "--", "true"]));
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("bad.chaos: line 3: no fault"), "{}", answer.err);
}

#[test]
fn what_is_setuid_is_refused() {
    let program = folder("chaos-setuid").join("program");
    fs::copy("/bin/true", &program).unwrap();
    chmod(&program, 0o4755);
    let answer = ask(&mut epshim(&["chaos", "--", text(&program)]));
    assert_eq!(answer.code, 125, "{}", answer.err);
    assert!(answer.err.contains("it is setuid"), "{}", answer.err);
}

#[test]
fn a_command_that_is_not_there_has_the_codes_of_env() {
    assert_eq!(answer(&["chaos", "--", "/nonexistent/server"]).code, 127);
    let file = folder("chaos-plain").join("plain");
    script(&file, "echo no line\n");
    chmod(&file, 0o644);
    assert_eq!(ask(&mut epshim(&["chaos", "--", text(&file)])).code, 126);
}

/// docs/chaos.md has the table, and `EPSHIM_BLESS=1` writes it.
#[test]
fn the_document_has_the_faults_as_the_command_lists_them() {
    const BEGINS: &str = "<!-- faults: epshim chaos --list -->\n";
    const ENDS: &str = "<!-- end -->\n";
    let table = answer(&["chaos", "--list", "--markdown"]).out;
    let path = cargo::root().join("docs/chaos.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGINS).expect("the table begins");
    let (_, after) = rest.split_once(ENDS).expect("it ends");
    let wanted = format!("{before}{BEGINS}{table}{ENDS}{after}");
    if env::var_os("EPSHIM_BLESS").is_some() {
        fs::write(path, wanted).unwrap();
    } else {
        assert_eq!(document, wanted, "EPSHIM_BLESS=1 writes it");
    }
}

#[test]
fn the_list_fits_80_columns_and_has_every_fault() {
    let list = answer(&["chaos", "--list"]).out;
    let wide: Vec<&str> = list.lines().filter(|line| line.chars().count() > 80).collect();
    assert_eq!(wide, [""; 0]);
    for fault in epshim_observe::fault::Fault::ALL {
        assert!(list.contains(&format!("\n  {fault}\n")), "{fault}");
    }
}
