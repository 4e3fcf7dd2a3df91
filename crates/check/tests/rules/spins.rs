//! `level-spin` and `sub-ms-spin`.

use super::{NOTHING, found, repeat};
use epshim_check::replay::replay;
use epshim_observe::SECOND;

pub fn spin(setup: &str, each: &str, times: u32, every: u32) -> String {
    let rounds =
        repeat(times, 10, every, &format!("NOW t1 wait 3 @90\n NOW t1 got 5:IN\n {each}\n"));
    format!("0ms t1 create 3\n 0ms t1 add 3 5 IN\n {setup}\n {rounds}")
}

#[test]
fn three_hundred_deliveries_without_progress_are_a_spin() {
    assert_eq!(found(&spin("", "", 300, 5)), ["level-spin certain 5"]);
}

#[test]
fn progress_of_any_kind_is_none() {
    assert_eq!(found(&spin("", "t1 read 5 1/1", 600, 5)), NOTHING);
    assert_eq!(found(&spin("", "t1 write 5 1/1", 600, 5)), NOTHING);
    assert_eq!(found(&spin("", "t1 mod 3 5 IN", 600, 5)), NOTHING);
}

#[test]
fn to_ask_for_the_same_again_after_a_hang_up_alone_is_no_progress() {
    let armed = |interest: &str, events: &str| {
        let each = format!("NOW t1 wait 3 @90\n NOW t1 got 5:{events}\n t1 mod 3 5 {interest}\n");
        let rounds = repeat(300, 10, 5, &each);
        format!("0ms t1 create 3\n 0ms t1 add 3 5 {interest}\n kernel poll 5 {events}\n {rounds}")
    };
    assert_eq!(found(&armed("IN|ONESHOT", "HUP")), ["level-spin certain 5"]);
    assert_eq!(found(&armed("IN|RDHUP", "ERR|HUP")), ["level-spin certain 5"]);
    assert_eq!(found(&armed("IN|ONESHOT", "IN|HUP")), NOTHING, "it asks for what has come");
    assert_eq!(found(&armed("IN|ET", "HUP")), NOTHING, "an edge is something new");
}

#[test]
fn a_read_without_success_is_no_progress() {
    assert_eq!(
        found(&spin("", "t1 read 5 EAGAIN\n kernel poll 5 IN", 300, 5)),
        ["level-spin certain 5"]
    );
}

#[test]
fn deliveries_now_and_then_are_no_spin() {
    assert_eq!(found(&spin("", "", 1000, 30)), NOTHING);
}

/// Rows of `times` deliveries each, `every` milliseconds apart, that begin at these times.
fn rows(starts: impl IntoIterator<Item = u32>, times: u32, every: u32) -> String {
    let row = |from| repeat(times, from, every, "NOW t1 wait 3 @90\n NOW t1 got 5:IN\n");
    let rows: String = starts.into_iter().map(row).collect();
    format!("{}{rows}", spin("", "", 0, 1))
}

#[test]
fn a_busy_machine_on_which_the_loop_stands_still_at_times_hides_no_spin() {
    assert_eq!(found(&rows([10, 1010], 120, 5)), ["level-spin certain 5"]);
    assert_eq!(found(&rows([10, 1810], 120, 5)), NOTHING, "the row is over");
}

#[test]
fn the_time_between_bursts_is_no_spin() {
    assert_eq!(found(&rows((10..4010).step_by(200), 20, 1)), NOTHING);
}

#[test]
fn a_loop_that_stops_listening_some_wake_ups_late_is_none() {
    let trace = spin("", "", 150, 8) + "2s t1 mod 3 5 0\n 2s t1 wait 3\n 9s end";
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn what_moves_in_the_kernel_was_read_unseen() {
    let moves = |n: u32| format!("{}ms kernel traffic 5 {n}\n", 1000 + n * 10);
    let mut lines: Vec<String> = spin("", "", 600, 5).lines().map(str::to_owned).collect();
    lines.extend((0..300).map(moves));
    lines.sort_by_key(|line| {
        let word = line.split_whitespace().next().unwrap_or_default();
        word.strip_suffix("ms").and_then(|ms| ms.parse::<u32>().ok()).unwrap_or(0)
    });
    assert_eq!(found(&lines.join("\n")), NOTHING);
}

#[test]
fn after_the_kernel_disagreed_the_row_must_be_twice_as_long() {
    // Asked at 1,010 ms and 1,030 ms, it says that something moved in between.
    let trace =
        spin("", "", 1200, 5).replacen("1025ms t1 wait", "kernel traffic 5 1\n 1025ms t1 wait", 1);
    let findings = replay(&trace).expect("a trace");
    assert_eq!(findings.len(), 1);
    assert!(findings[0].at > 3 * SECOND, "{}", findings[0].at);
}

#[test]
fn what_is_not_ready_when_it_is_looked_at_is_no_spin() {
    let trace = spin("", "kernel poll 5 nothing", 300, 5);
    assert_eq!(found(&trace), NOTHING);
}

#[test]
fn a_device_may_be_served_unseen() {
    assert_eq!(
        found(&spin("close 5\n open 5 unknown\n t1 add 3 5 IN", "", 300, 5)),
        ["level-spin note 5"]
    );
}

#[test]
fn a_nested_epoll_progresses_by_what_it_delivers() {
    let inner = "t1 wait 5\n t1 got 6:IN\n t1 read 6 1/1";
    let trace = spin(
        "t1 del 3 5\n t1 close 5\n t1 create 5\n t1 add 5 6 IN\n t1 add 3 5 IN",
        inner,
        600,
        5,
    );
    assert_eq!(found(&trace), NOTHING);
    let idle = spin(
        "t1 del 3 5\n t1 close 5\n t1 create 5\n t1 add 5 6 IN\n t1 add 3 5 IN\n kernel poll 6 IN",
        "",
        300,
        5,
    );
    assert_eq!(found(&idle), ["level-spin certain 5"]);
}

#[test]
fn edges_and_one_shots_do_not_repeat_by_themselves() {
    for interest in ["IN|ET", "IN|ONESHOT"] {
        let trace = spin("", "t1 read 5 EAGAIN\n t1 mod 3 5 IN", 300, 5)
            .replace("5 IN\n", &format!("5 {interest}\n"));
        assert_eq!(found(&trace), NOTHING, "{interest}");
    }
}

#[test]
fn two_threads_that_take_turns_spin_as_one() {
    let rounds = repeat(
        150,
        10,
        10,
        "NOW t1 wait 3 @90\n NOW t2 wait 3 @91\n NOW t1 got 5:IN\n NOW t2 got 5:IN\n",
    );
    let trace = format!("0ms t1 create 3\n 0ms t1 add 3 5 IN\n {rounds}");
    assert_eq!(found(&trace)[0], "level-spin certain 5");
}

#[test]
fn two_threads_one_of_which_serves_it_do_not() {
    let rounds = repeat(
        300,
        10,
        10,
        "NOW t1 wait 3\n NOW t2 wait 3\n NOW t1 got 5:IN\n NOW t2 got 5:IN\n t1 read 5 1/1\n t2 read 5 EAGAIN\n",
    );
    assert_eq!(found(&format!("0ms t1 create 3\n 0ms t1 add 3 5 IN\n {rounds}")), NOTHING);
}

#[test]
fn a_batch_of_one_that_alternates_hides_no_spin() {
    let rounds = repeat(
        300,
        10,
        6,
        "NOW t1 wait 3 @90\n NOW t1 got 5:IN\n NOW t1 wait 3 @90\n NOW t1 got 6:IN\n t1 read 6 1/1\n",
    );
    let trace = format!("0ms t1 create 3\n 0ms t1 add 3 5 IN\n t1 add 3 6 IN\n {rounds}");
    assert_eq!(found(&trace), ["level-spin certain 5"]);
}

/// `runs` times: a timeout that runs out, `zeros` zero timeouts for `micros` microseconds, and work.
pub fn rounded(runs: u32, zeros: u32, micros: u32, between: &str) -> String {
    let mut trace = "0ms t1 create 3\n".to_owned();
    for run in 0..runs {
        let start = run * 50_000;
        trace +=
            &format!("{start}us t1 wait 3 timeout=5ms @10\n {}us t1 got {between}\n", start + 5000);
        for zero in 0..zeros {
            let at = start + 5000 + zero * micros / zeros;
            trace += &format!("{at}us t1 wait 3 timeout=0 @10\n {at}us t1 got nothing\n");
        }
    }
    trace + "9s end"
}

#[test]
fn a_rest_below_a_millisecond_that_becomes_zero_ten_times_a_second_is_found() {
    assert_eq!(found(&rounded(20, 40, 900, "nothing")), ["sub-ms-spin suspected -1"]);
}

#[test]
fn spinning_for_a_while_after_an_event_and_then_sleeping_is_a_design() {
    assert_eq!(found(&rounded(20, 40, 900, "5:IN")), NOTHING);
}

#[test]
fn polling_all_the_time_few_zeros_and_rare_runs_are_no_rounding() {
    let polls = repeat(3000, 0, 1, "NOW t1 wait 3 timeout=0\n NOW t1 got nothing\n");
    assert_eq!(found(&format!("t1 create 3\n{polls}")), NOTHING);
    assert_eq!(found(&rounded(20, 10, 900, "nothing")), NOTHING);
    assert_eq!(found(&rounded(8, 40, 900, "nothing")), NOTHING);
    assert_eq!(found(&rounded(20, 40, 9000, "nothing")), NOTHING);
}

/// What a spin with this input call in each round says, and what it advises.
fn reason(open: &str, each: &str) -> (String, &'static str) {
    let trace = spin("", each, 300, 5).replace("0ms t1 add 3 5 IN\n", &format!("0ms {open}\n"));
    let findings = replay(&trace).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].certainty.name(), "certain");
    let what = findings[0].what.split(": ").skip(1).collect::<Vec<_>>().join(": ");
    (what, findings[0].advice().fix)
}

#[test]
fn the_reason_is_how_the_last_read_ended() {
    let plain = "t1 add 3 5 IN";
    let again = "kernel poll 5 IN";
    let (what, fix) = reason(plain, "t1 read 5 0/64");
    assert!(what.starts_with("read returned 0 2"), "{what}");
    assert!(what.ends_with(" times: the peer has closed; close fd 5"), "{what}");
    assert!(fix.starts_with("Close the descriptor when read returns 0"), "{fix}");
    let (what, _) = reason("open 5 pipe\n t1 add 3 5 IN", "t1 read 5 0/64");
    assert!(what.ends_with("all writers have closed; close fd 5"), "{what}");
    let (what, fix) = reason("open 5 queue\n t1 add 3 5 IN", "t1 read 5 EINVAL");
    assert!(what.contains("read failed with EINVAL 2"), "{what}");
    assert!(what.ends_with("the buffer is too small"), "{what}");
    assert!(fix.contains("inotify"), "{fix}");
    let (what, _) = reason(plain, &format!("t1 read 5 EAGAIN\n {again}"));
    assert!(what.ends_with("another descriptor was read, or another thread took it"), "{what}");
    let (what, _) =
        reason("open 5 listener\n t1 add 3 5 IN", &format!("t1 accept 5 EAGAIN\n {again}"));
    assert!(what.starts_with("accept failed with EAGAIN"), "{what}");
    let (what, _) = reason(plain, "t1 read 5 ECONNRESET");
    assert!(what.starts_with("read failed with ECONNRESET 2"), "{what}");
    let (what, fix) = reason(plain, "");
    assert_eq!(what, "its input was not read");
    assert!(fix.starts_with("Read what has arrived"), "{fix}");
    // What was read before the row does not count.
    let (what, _) = reason("t1 add 3 5 IN\n t1 read 5 8/8", "");
    assert_eq!(what, "its input was not read");
}

#[test]
fn the_call_that_ended_so_is_named_behind_who_registered_it() {
    let trace = spin("", "t1 read 5 0/64 @77", 300, 5);
    let roles = replay(&trace).expect("a trace")[0]
        .sites
        .iter()
        .map(|&(role, site)| (role, site.0))
        .collect::<Vec<_>>();
    use epshim_check::Role::{NowWaiting, ReadBy, RegisteredBy};
    assert_eq!(roles, [(NowWaiting, 90), (RegisteredBy, 2), (ReadBy, 77)]);
}

/// Runs of waits with a timeout of 0, so many milliseconds long, with a wait in so many microseconds, each ended by a wait without one.
fn long_runs(lengths: [u32; 4], every: u32, site: u32) -> String {
    let mut trace = "0ms t1 create 3\n t1 add 3 5 IN\n".to_owned();
    for (n, length) in (1..).zip(lengths) {
        let start = n * 1_000_000;
        trace += &format!("{start}us t1 wait 3 @9\n t1 got 5:IN\n t1 read 5 3/8\n");
        let zero = |at: u32| format!("{at}us t1 wait 3 timeout=0 @{site}\n t1 got nothing\n");
        trace.extend((0..length * 1000 / every).map(|i| zero(start + i * every)));
    }
    trace + "9s t1 wait 3 @9\n 10s end"
}

#[test]
fn a_time_that_became_nothing_as_a_whole_is_waited_for_again_and_again() {
    assert_eq!(found(&long_runs([100, 110, 99, 100], 5, 9)), ["sub-ms-spin suspected -1"]);
}

#[test]
fn runs_of_different_lengths_or_with_work_between_or_of_another_call_are_work() {
    assert_eq!(found(&long_runs([100, 150, 60, 100], 5, 9)), NOTHING);
    assert_eq!(found(&long_runs([100; 4], 50, 9)), NOTHING);
    assert_eq!(found(&long_runs([100; 4], 5, 8)), NOTHING);
    assert_eq!(found(&long_runs([15; 4], 5, 9)), NOTHING);
}
