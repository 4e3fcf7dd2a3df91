//! Mistakes that were planted: each is the main verdict.

use crate::clients::{self, Measured};
use crate::runs::{Ended, Run, whole};
use epshim_harness::products::folder;
use epshim_harness::pythons::{Python, pythons};
use epshim_profile::VerdictName;
use std::ffi::OsStr;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// As exact as a slow turn is to be.
const EXACT: u64 = 2_000_000;
/// A machine that takes the processor away just then is no counterexample: not each time.
const TRIES: usize = 5;
/// Turns are not slow because others have the processor.
const PATIENT: [&str; 2] = ["--slow", "5s"];
/// Between two messages of the first client.
const PAUSE: Duration = Duration::from_micros(400);

/// Runs it until its longest gap and its turn are, and its lag is, what was measured.
#[track_caller]
fn is_measured(run: impl Fn() -> (Ended, Measured, u64)) {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let (ended, measured, planted) = run();
        ended.is(VerdictName::Blocked);
        ended.is_whole(measured.bytes, measured.bytes);
        let worst = &ended.profile.slow_turns[0];
        let lag = whole(&ended.profile.figures.late_p99);
        let p99 = measured.p99().as_nanos() as u64;
        let is_turn = worst.length.abs_diff(planted) < EXACT && worst.gap.length <= worst.length;
        if is_turn && lag.abs_diff(p99) * 20 < p99 {
            return;
        }
        seen.push((planted, worst.length, worst.gap.length, p99, lag));
    }
    panic!("planted, turn, gap, the clients' p99, lag p99: {seen:?}");
}

/// The longest of the times that the server says, after this word.
fn longest(out: &[String], word: &str) -> u64 {
    let all = out.iter().filter_map(|line| line.strip_prefix(word)?.trim().parse().ok());
    all.max().expect("it says")
}

const ASYNCIO: &str = r#"
import asyncio, sys, time
left, messages = 8, 0
async def handle(reader, writer):
    global left, messages
    while data := await reader.read(4096):
        messages += 1
        if messages % 200 == 0:
            begin = time.perf_counter_ns()
            time.sleep(0.15)
            print("slept", time.perf_counter_ns() - begin, flush=True)
        writer.write(data)
        await writer.drain()
    writer.close()
    left -= 1
    if left == 0:
        end.set()
async def main():
    global end
    end = asyncio.Event()
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print("listening on 127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await end.wait()
asyncio.run(main())
"#;

#[test]
fn a_sleep_of_150_ms_in_an_asyncio_server_is_found_and_measured() {
    for python in pythons().into_iter().filter(Python::is_known).take(1) {
        let program = folder("profile-asyncio-program").join("server.py");
        fs::write(&program, ASYNCIO).expect("a file");
        is_measured(|| {
            let command = [python.path.as_os_str(), program.as_os_str()];
            let mut run = Run::start("asyncio", &[], &command);
            let measured = clients::paced(run.address(), 8, 150, 100, PAUSE);
            let ended = run.finish();
            let planted = longest(&ended.out, "slept ");
            (ended, measured, planted)
        });
    }
}

const NODE: &str = r#"
let left = 8, messages = 0;
const server = require("net").createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("data", (data) => {
        if (++messages % 200 == 0) {
            const begin = process.hrtime.bigint();
            while (process.hrtime.bigint() - begin < 80000000n);
            console.log("slept " + (process.hrtime.bigint() - begin));
        }
        socket.write(data);
    });
    socket.on("end", () => { if (--left == 0) server.close(); });
}).listen(0, "127.0.0.1", () => console.log("listening on 127.0.0.1:" + server.address().port));
"#;

#[test]
fn synchronous_80_ms_in_a_node_server_are_found_and_measured() {
    if !Command::new("node").arg("--version").output().is_ok_and(|it| it.status.success()) {
        eprintln!("skipped: no node");
        return;
    }
    let program = folder("profile-node-program").join("server.js");
    fs::write(&program, NODE).expect("a file");
    is_measured(|| {
        let command = [OsStr::new("node"), program.as_os_str()];
        let mut run = Run::start("node", &["--slow", "50ms"], &command);
        let measured = clients::paced(run.address(), 8, 150, 100, PAUSE);
        let ended = run.finish();
        let planted = longest(&ended.out, "slept ");
        (ended, measured, planted)
    });
}

#[test]
fn a_sleep_in_a_c_server_is_found_between_two_lines_of_it() {
    is_measured(|| {
        let mut run = Run::of_way("sleep", 4, &[]);
        let measured = clients::paced(run.address(), 4, 75, 100, PAUSE);
        let ended = run.finish();
        let worst = &ended.profile.slow_turns[0];
        let name = |site: Option<usize>| &*ended.profile.sites[site.expect("a site")].name;
        assert_eq!((&*worst.gap.after.what, &*worst.gap.before.what), ("read", "write"));
        assert!(name(worst.gap.after.site).starts_with("serve ways.c:"));
        assert!(name(worst.gap.before.site).starts_with("serve ways.c:"));
        let planted = longest(&ended.out, "slept ");
        (ended, measured, planted)
    });
}

/// A server under load, until the verdict is this one: where other programs have the processor it is not busy.
#[track_caller]
fn loaded(way: &str, name: VerdictName) -> (Ended, Measured) {
    let run = || {
        let mut run = Run::of_way(way, 8, &PATIENT);
        let measured = clients::echo(run.address(), 8, 200, 50);
        (run.finish(), measured)
    };
    let mut last = run();
    for _ in 1..TRIES {
        if last.0.main().name == name {
            break;
        }
        last = run();
    }
    last
}

#[test]
fn a_second_thread_that_gets_everything_is_imbalanced() {
    let (ended, measured) = loaded("second", VerdictName::Imbalanced);
    let text = ended.is(VerdictName::Imbalanced);
    assert!(text.contains("of the work of 2 threads"), "{text}");
    ended.is_whole(measured.bytes, measured.bytes);
    assert_eq!(ended.counted(), (measured.bytes, measured.bytes));
    // The thread that only accepts is not the one.
    let busiest = ended.main().tid;
    assert_ne!(busiest, Some(ended.profile.program.pid));
}

#[test]
fn one_thread_that_has_more_to_do_than_it_can_is_saturated() {
    let (ended, measured) = loaded("even", VerdictName::Saturated);
    ended.is(VerdictName::Saturated);
    ended.is_whole(measured.bytes, measured.bytes);
}

#[test]
fn threads_that_are_all_woken_for_one_connection_are_wasteful() {
    let mut run = Run::of_way("herd", 300, &PATIENT);
    let bytes = clients::one_by_one(run.address(), 300);
    let ended = run.finish();
    let text = ended.is(VerdictName::Wasteful);
    assert!(text.contains("the first call was EAGAIN"), "{text}");
    assert!(ended.main().advice.contains("EPOLLEXCLUSIVE"), "{}", ended.main().advice);
    assert!(whole(&ended.profile.figures.herd) > 100);
    assert_eq!(whole(&ended.profile.figures.accepted), 300);
    ended.is_whole(bytes, bytes);
}

#[test]
fn an_epoll_ctl_that_changes_nothing_is_wasteful() {
    let mut run = Run::of_way("mod", 2, &PATIENT);
    let measured = clients::echo(run.address(), 2, 100, 10);
    let ended = run.finish();
    let text = ended.is(VerdictName::Wasteful);
    assert!(text.starts_with("200 calls of epoll_ctl changed nothing"), "{text}");
    ended.is_whole(measured.bytes, measured.bytes);
}

#[test]
fn looks_without_a_timeout_are_spinning() {
    let mut run = Run::of_way("spin", 1, &PATIENT);
    let measured = clients::paced(run.address(), 1, 200, 10, 5 * PAUSE);
    let ended = run.finish();
    ended.is(VerdictName::Spinning);
    ended.is_whole(measured.bytes, measured.bytes);
}

#[test]
fn a_peer_that_reads_slowly_is_told_apart_from_a_slow_loop() {
    let mut run = Run::of_way("slow", 1, &PATIENT);
    let bytes = clients::slow(run.address(), Duration::from_millis(20));
    let ended = run.finish();
    ended.is(VerdictName::PeerBound);
    ended.is_whole(1, bytes);
}

/// What is right is not accused.
#[test]
fn a_server_that_is_right_has_nothing_wrong() {
    let mut run = Run::of_way("echo", 4, &PATIENT);
    let measured = clients::echo(run.address(), 4, 200, 100);
    let ended = run.finish();
    let name = ended.main().name;
    // A machine that is busy with something else is what it is.
    assert!(matches!(name, VerdictName::Idle | VerdictName::Starved), "{}", ended.errors);
    ended.is_whole(measured.bytes, measured.bytes);
}
