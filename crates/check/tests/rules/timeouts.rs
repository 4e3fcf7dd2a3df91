//! `bad-timeout` and `busy-wait`.

use super::{NOTHING, found};

/// A wait with this timeout and from this site that has an end, and then one that is below -1.
pub fn below_none(before: &str, then: &str) -> String {
    format!(
        "0ms t1 create 3\n t1 add 3 5 IN\n t1 wait 3 {before}\n 50ms t1 got nothing
         130ms t1 wait 3 timeout=-30ms @9\n {then}\n 3s end"
    )
}

#[test]
fn a_deadline_that_has_passed_is_a_wait_without_an_end() {
    assert_eq!(found(&below_none("timeout=50ms @9", "")), ["bad-timeout suspected -1"]);
    assert_eq!(found(&below_none("timeout=0 @9", "")), ["bad-timeout suspected -1"]);
}

#[test]
fn one_that_an_event_ends_within_a_second_hurts_nobody() {
    assert_eq!(found(&below_none("timeout=50ms @9", "900ms t1 got 5:IN\n t1 wait 3 @9")), NOTHING);
}

#[test]
fn a_call_that_never_passed_another_timeout_means_it() {
    assert_eq!(found(&below_none("@9", "")), NOTHING);
    assert_eq!(found(&below_none("timeout=50ms @8", "")), NOTHING, "that was another call");
    let minus_one = below_none("timeout=50ms @9", "").replace(" timeout=-30ms", "");
    assert_eq!(found(&minus_one), NOTHING);
}

/// Waits of nothing for seven seconds, the thread's time at the first look and 5 s later, and what comes first.
pub fn empty_waits(first: &str, used: [&str; 2], each: &str) -> String {
    let waits: String = (0..20_000)
        .map(|n| {
            let at = 2_000_000 + n * 350;
            let told = if n == 12_000 {
                format!("kernel processor-time 1 {}\n", used[1])
            } else {
                String::new()
            };
            format!("{told}{at}us t1 wait 3 timeout=0 @9\n {each}\n")
        })
        .collect();
    format!(
        "0ms t1 create 3\n t1 add 3 5 IN\n {first}\n kernel processor-time 1 {}\n {waits}\n 15s end",
        used[0]
    )
}

#[test]
fn a_processor_for_waits_that_return_nothing_is_a_note() {
    let trace = empty_waits("", ["1s", "6s"], "t1 got nothing");
    assert_eq!(found(&trace), ["busy-wait note -1"]);
}

#[test]
fn it_is_a_mistake_where_the_same_call_passes_longer_timeouts_too() {
    let longer = |site| format!("t1 wait 3 timeout=5ms @{site}\n 5ms t1 got nothing");
    let trace = empty_waits(&longer(9), ["1s", "6s"], "t1 got nothing");
    assert_eq!(found(&trace), ["busy-wait suspected -1"]);
    let trace = empty_waits(&longer(8), ["1s", "6s"], "t1 got nothing");
    assert_eq!(found(&trace), ["busy-wait note -1"]);
}

#[test]
fn a_thread_that_sleeps_or_is_given_something_is_not_busy() {
    assert_eq!(found(&empty_waits("", ["1s", "4s"], "t1 got nothing")), NOTHING);
    let given = "t1 got nothing\n t1 wait 3 timeout=0 @9\n t1 got 5:IN\n t1 read 5 3/8";
    assert_eq!(found(&empty_waits("", ["1s", "6s"], given)), NOTHING);
}
