//! `epshim check --record` and `epshim replay`: a recording has what the program did, all of it, and the program
//! notices nothing. Programs are held against what they counted themselves.

#[path = "../command/mod.rs"]
mod command;
mod refused;

use command::{answer, watching};
use epshim_harness::c_compiler::compile;
use epshim_harness::deadline;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;

/// The program.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let flags = ["-pthread"];
    PROGRAM.get_or_init(|| {
        compile(env!("CARGO_MANIFEST_DIR"), &["tests/record/ways.c"], "record-ways", &flags)
    })
}

/// How a program ended, its output, and its errors.
fn run(command: &mut Command) -> (ExitStatus, String, String) {
    let mut process = Process::start("ways", command);
    let (status, out, errors) = process.finish(deadline()).expect("it ends");
    (status, out.join("\n"), errors.join("\n"))
}

/// A program that was recorded.
struct Recorded {
    errors: String,
    /// The lines of the recording.
    lines: Vec<String>,
    /// What the program says that it has read.
    reads: usize,
}

/// Records the program in this way, in a shell that first does something, and compares how it ends and what
/// it prints with the plain program.
fn record_after(way: &str, first: &str) -> Recorded {
    let place =
        folder(&format!("record_{way}_{}", first.replace(|c: char| !c.is_alphanumeric(), "")));
    let file = place.join("trace");
    let (plain, printed, _) = run(Command::new(program()).arg(way));
    let check = watching(&["check", "--quiet", "--record", file.to_str().unwrap(), "--"]);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{first}\nexec \"$@\""), "sh"]).arg(check.get_program());
    command.args(check.get_args()).arg(program()).arg(way);
    for (name, value) in check.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let (status, out, errors) = run(&mut command);
    // When the timer's signals come is another every time.
    let is_same = out == printed || way == "signals";
    assert!(status == plain && is_same, "{way}: {status}, {out:?}, not {printed:?}: {errors}");
    let text = answer(&["replay", "--text", file.to_str().unwrap()]);
    assert_eq!((text.code, &*text.err), (0, ""), "{way}");
    // What is read as text is the same again, and the rules find nothing in either.
    let again = place.join("text");
    fs::write(&again, &text.out).unwrap();
    assert_eq!(answer(&["replay", "--text", again.to_str().unwrap()]).out, text.out, "{way}");
    for trace in [&file, &again] {
        let replayed = answer(&["replay", trace.to_str().unwrap()]);
        assert_eq!((replayed.code, &*replayed.err), (0, ""), "{way}: {}", replayed.out);
    }
    let numbers = out.lines().filter_map(|line| line.strip_prefix("reads "));
    let reads = numbers.filter_map(|number| number.parse::<usize>().ok()).sum();
    Recorded { errors, lines: text.out.lines().map(str::to_owned).collect(), reads }
}

fn record(way: &str) -> Recorded {
    record_after(way, ":")
}

impl Recorded {
    /// The lines that have this word for what happened.
    fn of(&self, what: &str) -> Vec<&str> {
        let word = format!(" {what} ");
        self.lines.iter().map(String::as_str).filter(|line| line.contains(&word)).collect()
    }

    fn words(&self, prefix: char) -> BTreeSet<&str> {
        let of_it = |line| str::split_whitespace(line).nth(if prefix == 'p' { 1 } else { 2 });
        self.lines.iter().filter_map(|line| of_it(line)).collect()
    }

    /// Every read is there, or was lost and counted.
    fn is_accounted_for(&self) {
        let number =
            |line: &&str| line.split_once(" dropped ")?.1.split(' ').next()?.parse::<usize>().ok();
        let lost: usize = self.of("dropped").iter().filter_map(number).sum();
        let found = self.of("read").len();
        assert!(
            found <= self.reads && found + lost >= self.reads,
            "{found} + {lost} of {}",
            self.reads
        );
        assert_eq!(lost > 0, self.errors.contains("is not whole"), "{}", self.errors);
    }

    /// Every read is there, once, and nothing was lost.
    fn is_whole(&self) {
        assert_eq!(self.of("read").len(), self.reads, "{}", self.errors);
        assert!(self.of("dropped").is_empty(), "{}", self.errors);
        assert!(!self.errors.contains("is not whole"), "{}", self.errors);
    }
}

#[test]
fn every_call_of_a_program_is_in_its_recording() {
    let once = record("once");
    once.is_whole();
    assert_eq!((once.of("wait").len(), once.of("got").len()), (100, 100));
    assert_eq!((once.of("start").len(), once.of("create").len(), once.of("add").len()), (1, 1, 2));
    // The other end was never registered: nothing of it is recorded.
    assert_eq!(once.of("write").len(), 0);
    let module = format!(" mapped {} ", program().display());
    assert!(once.lines.iter().any(|line| line.contains(&module)));
    // More than a ring has room for: the observer may be too slow, and then says so.
    record("many").is_accounted_for();
}

#[test]
fn threads_have_rings_of_their_own_which_others_get_when_they_have_ended() {
    let threads = record("threads");
    threads.is_whole();
    assert!(threads.words('t').len() >= 9, "{:?}", threads.words('t'));
    let generations = record("generations");
    // Of 400 threads in a moment, more than the first 128: the observer frees rings as fast as it is run.
    assert_eq!(generations.reads, 50 * 8 * 3);
    generations.is_accounted_for();
    assert!(generations.of("read").len() > 128 * 3, "{}", generations.errors);
}

#[test]
fn more_threads_than_rings_lose_what_is_counted() {
    let crowd = record("crowd");
    let found = crowd.of("read").len();
    assert!(found < crowd.reads && found >= 128 * 3 / 2, "{found} of {}", crowd.reads);
    crowd.is_accounted_for();
    assert!(crowd.errors.contains("the recording is not whole"), "{}", crowd.errors);
}

#[test]
fn a_forked_child_has_a_ring_of_its_own_and_knows_what_its_parent_knew() {
    for way in ["fork", "bare-fork"] {
        let forked = record(way);
        forked.is_whole();
        assert_eq!(forked.words('p').len(), 2, "{way}: {:?}", forked.words('p'));
        assert_eq!(forked.of("fork").len(), 1, "{way}");
    }
}

#[test]
fn a_vforked_child_s_calls_are_not_its_parent_s() {
    let vforked = record("vfork");
    vforked.is_whole();
    assert_eq!(vforked.words('p').len(), 1);
    assert!(vforked.of("close").is_empty(), "{:?}", vforked.of("close"));
}

#[test]
fn a_program_that_executes_another_one_is_recorded_on() {
    let executed = record("exec");
    executed.is_whole();
    assert_eq!((executed.of("start").len(), executed.words('p').len()), (2, 1));
    let failed = record("failed-exec");
    failed.is_whole();
    assert_eq!(failed.of("start").len(), 1);
}

/// A handler that comes in the middle of the book-keeping is let through and not recorded, as the checker does.
#[test]
fn a_signal_handler_may_read_and_write_at_any_time() {
    let signals = record("signals");
    let (found, not_seen) = (signals.of("read").len(), signals.errors.contains("not recorded"));
    assert!(found <= signals.reads && (found == signals.reads || not_seen), "{}", signals.errors);
    assert!(found > signals.reads / 2, "{found} of {}", signals.reads);
    assert!(signals.of("dropped").is_empty(), "{}", signals.errors);
}

#[test]
fn a_program_that_is_killed_leaves_what_it_did() {
    let killed = record("killed");
    assert_eq!(killed.of("read").len(), 100, "{}", killed.errors);
    assert!(killed.errors.contains("died by SIGKILL"), "{}", killed.errors);
}

/// With little address space there are 8 rings, and with no long files none may be longer.
#[test]
fn limits_of_the_program_are_kept() {
    record_after("once", "ulimit -v 4000000").is_whole();
    record_after("once", "ulimit -S -f 1").is_whole();
    record_after("threads", "ulimit -v 4000000").is_accounted_for();
}
