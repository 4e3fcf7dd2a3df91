//! `epshim rules`, `epshim explain` and docs/rules.md: the rules' pages, complete and everywhere the same.
//!
//! `EPSHIM_BLESS=1 cargo test -p epshim-cli --test rules` writes docs/rules.md.

mod command;

use command::{answer, json, output};
use epshim_attach::verdicts;
use epshim_check::{Explanation, Rule};
use epshim_harness::process::run;
use epshim_harness::products::folder;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

fn document() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md")
}

#[test]
fn the_document_is_what_the_command_writes() {
    let text = output(&["rules", "--markdown"]);
    if std::env::var_os("EPSHIM_BLESS").is_some() {
        fs::write(document(), &text).unwrap();
    }
    let there = fs::read_to_string(document()).unwrap_or_default();
    assert!(there == text, "docs/rules.md is another; see the head of this file");
}

/// The rules that only a look has, with their pages.
fn looks() -> impl Iterator<Item = (&'static str, &'static Explanation)> {
    verdicts::ALL.into_iter().filter_map(|record| Some((record.name, record.page?)))
}

#[test]
fn the_rules_of_looks_are_explained_too() {
    for (name, page) in looks() {
        let text = output(&["explain", name]);
        assert!(text.contains(page.seen[0]) && text.starts_with(name), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= 96, "{name}: {widest:?} columns");
        assert_eq!(json(&output(&["explain", "--json", name]))["rule"], name);
    }
}

#[test]
fn every_rule_has_a_line_in_the_table() {
    let text = output(&["rules"]);
    let (checked, looked) = text.split_once("\n\nof `epshim inspect` only\n").expect("two lists");
    let names = |list: &str| -> Vec<String> {
        list.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(checked)[1..], Rule::ALL.map(Rule::name));
    let own: Vec<_> = looks().map(|(name, _)| name).collect();
    assert_eq!(names(looked), own);
    assert!(
        text.contains("ghost                certain or suspected       A closed descriptor's"),
        "{text}"
    );
}

#[test]
fn every_page_is_complete() {
    let Value::Array(pages) = json(&output(&["rules", "--json"])) else { panic!("a list") };
    assert_eq!(pages.len(), Rule::ALL.len());
    for page in &pages {
        let name = page["rule"].as_str().unwrap();
        for (field, length) in [
            ("finds", 40),
            ("hurts", 90),
            ("evidence", 90),
            ("silent", 80),
            ("fix", 60),
            ("wrong", 30),
            ("right", 30),
            ("manual", 7),
        ] {
            let text = page[field].as_str().unwrap();
            assert!(text.len() >= length && text.trim() == text, "{name}: {field}: {text:?}");
        }
        assert!(page["finds"].as_str().unwrap().len() <= 90, "{name}: a line of the table");
        let seen = page["seen"].as_array().unwrap();
        assert!((2..=4).contains(&seen.len()), "{name}: {seen:?}");
        assert!(seen.iter().all(|seen| seen.as_str().unwrap().starts_with("https://github.com/")));
        assert_eq!(json(&output(&["explain", "--json", name])), *page);
        let widest = output(&["explain", name]).lines().map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= 96, "{name}: {widest:?} columns");
    }
}

#[test]
fn a_page_has_its_sections_in_order() {
    let page = output(&["explain", "level-spin"]);
    let headings: Vec<_> =
        page.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    let expected = [
        "level-spin (certain or note)",
        "Why it hurts",
        "Evidence",
        "Silent",
        "Fix",
        "Wrong",
        "Right",
        "Manual",
        "Seen in",
    ];
    assert_eq!(headings, expected);
    assert!(page.contains("\n  https://github.com/haproxy/haproxy/issues/413\n"), "{page}");
}

#[test]
fn an_unknown_rule_is_answered_with_the_nearest() {
    for (name, sentence) in [
        ("gost", "epshim: no rule `gost`; did you mean `ghost`?\n"),
        ("edge-drained", "epshim: no rule `edge-drained`; did you mean `edge-not-drained`?\n"),
        ("xyz", "epshim: no rule `xyz`; `epshim rules` lists them\n"),
        ("", "epshim: no rule ``; `epshim rules` lists them\n"),
        // A rule that only looks have.
        ("loop-bloked", "epshim: no rule `loop-bloked`; did you mean `loop-blocked`?\n"),
        (
            "ep",
            "epshim: `ep` begins `epfd-misuse`, `epoll-leak` and `epfd-inherited`: write more of it\n",
        ),
    ] {
        let answer = answer(&["explain", name]);
        assert_eq!((answer.code, &*answer.out, &*answer.err), (2, "", sentence));
    }
}

#[test]
fn the_beginning_of_a_name_is_enough_to_explain_it() {
    for (start, whole) in [
        ("edge", "edge-not-drained"),
        ("loop-b", "loop-blocked"),
        ("level-spi", "level-spin"),
        ("ghost", "ghost"),
    ] {
        assert_eq!(output(&["explain", start]), output(&["explain", whole]));
    }
    assert_eq!(json(&output(&["explain", "--json", "edge"]))["rule"], "edge-not-drained");
}

/// An option in a script must not mean another rule one day.
#[test]
fn the_beginning_of_a_name_is_not_enough_to_leave_a_rule_out() {
    let answer = answer(&["check", "--except", "edge", "--", "true"]);
    let sentence = "no rule `edge`; did you mean `edge-not-drained`?";
    assert!(answer.code == 125 && answer.err.contains(sentence), "{answer:?}");
}

/// What the pages' code takes for granted.
const PREAMBLE: &str = "\
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
static int epfd, fd, listener, saved, wakeup, stopping, resume_after_a_close;
static int count, failure;
static socklen_t size;
static struct epoll_event event, interest, events[64];
static char buffer[4096], *answer;
static size_t length;
static ssize_t n;
static uint64_t one = 1, nanoseconds;
static pthread_t a, worker;
static int64_t deadline;
static double left;
static sigset_t mask;
static const char *host, *path, *header, *body;
static size_t header_length, body_length;
static struct addrinfo *addresses;
static pthread_mutex_t mutex;
static struct connection *connection;
void consume(const char *, ssize_t), keep(struct connection *, const char *, size_t);
void serve(int), finish(int), *work(void *);
void queue_for_resolver_thread(const char *, struct connection *);
int64_t now(void);
int is_closing(int);
void close_all_that_is_closing(void);
";

#[test]
fn the_code_on_the_pages_compiles() {
    let mut source = PREAMBLE.to_owned();
    let checked = Rule::ALL.into_iter().map(|rule| (rule.name(), rule.explanation()));
    for (index, (rule, page)) in checked.chain(looks()).enumerate() {
        for (which, code) in [("wrong", page.wrong), ("right", page.right)] {
            let (includes, body): (Vec<_>, Vec<_>) =
                code.lines().partition(|line| line.starts_with('#'));
            let (includes, body) = (includes.join("\n"), body.join("\n"));
            write!(source, "{includes}\n#line 1 \"{rule}, {which}\"\nvoid f{index}_{which}(void) {{\n{body}\n}}\n")
                .unwrap();
        }
    }
    let file = folder("pages").join("pages.c");
    fs::write(&file, source).unwrap();
    let errors = [
        "-Wall",
        "-Werror",
        "-Wno-unused-variable",
        "-Wno-unused-result",
        "-Wno-unused-but-set-variable",
    ];
    run(Command::new("cc").args(["-std=gnu11", "-fsyntax-only"]).args(errors).arg(&file));
}
