//! The figures, by traces that were written by hand.

use epshim_observe::text;
use epshim_profile::{Ending, Model, Options, Profile, Program, VerdictName, judge};

const MS: u64 = 1_000_000;

/// The profile of a trace that begins at 0 and ends with this line's time.
fn profile(trace: &str) -> Profile {
    let mut model = Model::new(Options::default());
    model.begin(0);
    let all = text::parse(trace).expect("a trace");
    all.iter().for_each(|it| model.observe(it));
    let end = all.last().map_or(0, |it| it.at);
    let mut profile = model.finish(end, Program::default());
    judge(&mut profile);
    profile
}

fn verdict(profile: &Profile) -> VerdictName {
    profile.verdicts[0].name
}

const SLOW: &str = "
    0ms     p1 t1 create 3
    0ms     p1 t1 add 3 5 IN
    10ms    p1 t1 wait 3
    20ms    p1 t1 got 5:IN
    21ms    p1 t1 read 5 100/4096 @20
    171ms   p1 t1 write 5 100/100 @21
    172ms   p1 t1 wait 3
    200ms   p1 t1 got 5:IN
    201ms   p1 t1 read 5 0/4096 @20
    202ms   p1 t1 close 5 @22
    203ms   p1 t1 wait 3
    303ms   p1 t1 finish
";

#[test]
fn busy_waiting_and_spinning_are_the_thread_s_time() {
    let profile = profile(SLOW);
    let thread = &profile.threads[0];
    assert_eq!((thread.from, thread.to), (10 * MS, 303 * MS));
    assert_eq!((thread.busy, thread.waiting, thread.spinning), (155 * MS, 138 * MS, 0));
    assert_eq!((thread.turns, thread.turn_max, thread.waits), (2, 152 * MS, 2));
    let lane = &profile.timeline.lanes[0];
    assert_eq!(lane.busy.iter().sum::<u64>(), thread.busy);
    assert_eq!(lane.waiting.iter().sum::<u64>(), thread.waiting);
    assert_eq!(profile.processes[0].ending, Ending::Exited);
}

/// What a live view asks for changes nothing, and is what the profile would be if the program ended then.
#[test]
fn a_profile_so_far_is_that_of_the_trace_so_far() {
    let all = text::parse(SLOW).expect("a trace");
    let mut model = Model::new(Options::default());
    model.begin(0);
    for (place, it) in all.iter().enumerate() {
        model.observe(it);
        let mut whole = Model::new(Options::default());
        whole.begin(0);
        all[..=place].iter().for_each(|it| whole.observe(it));
        let at = it.at + MS / 2;
        let mut whole = whole.finish(at, Program::default());
        assert!(whole.timeline.columns > 0);
        (whole.turns, whole.timeline) = Default::default();
        assert_eq!(model.so_far(at, Program::default()), whole);
    }
    let end = all.last().expect("one").at;
    let mut asked = model.finish(end + MS / 2, Program::default());
    let mut never = Model::new(Options::default());
    never.begin(0);
    all.iter().for_each(|it| never.observe(it));
    let mut never = never.finish(end + MS / 2, Program::default());
    judge(&mut asked);
    judge(&mut never);
    assert_eq!(asked, never);
}

#[test]
fn a_hang_is_told_as_one_that_goes_on_while_it_does() {
    let trace = "0ms p1 t1 create 3
         0ms p1 t1 add 3 5 IN
         10ms p1 t1 wait 3
         20ms p1 t1 got 5:IN
         21ms p1 t1 read 5 100/4096 @20";
    let mut model = Model::new(Options::default());
    model.begin(0);
    text::parse(trace).expect("a trace").iter().for_each(|it| model.observe(it));
    let mut profile = model.so_far(14_020 * MS, Program::default());
    judge(&mut profile);
    assert_eq!(profile.threads[0].in_turn(), Some(14_000 * MS));
    assert!(profile.verdicts[0].text.starts_with("Thread 1 is in a turn since 14.0 s"));
}

#[test]
fn a_slow_turn_names_both_neighbours_of_its_longest_gap() {
    let profile = profile(SLOW);
    assert_eq!(profile.slow_turns.len(), 1);
    let turn = &profile.slow_turns[0];
    assert_eq!((turn.at, turn.length, turn.fd, turn.is_open), (20 * MS, 152 * MS, Some(5), false));
    let gap = &turn.gap;
    assert_eq!((gap.length, &*gap.after.what, &*gap.before.what), (150 * MS, "read", "write"));
    let of = |site: Option<usize>| profile.sites[site.expect("a site")].places[0].offset;
    assert_eq!((of(gap.after.site), of(gap.before.site)), (19, 20));
    assert_eq!(turn.calls.len(), 2);
    assert_eq!(verdict(&profile), VerdictName::Blocked);
    assert!(profile.verdicts[0].text.contains("150 ms of it nothing was called"));
}

#[test]
fn bytes_and_delays_are_exact() {
    let profile = profile(SLOW);
    let figures = &profile.figures;
    assert_eq!((figures.bytes_in.whole(), figures.bytes_out.whole()), (Some(100), Some(100)));
    let row = &profile.descriptors[0];
    assert_eq!((row.fd, row.deliveries, row.bytes_in, row.closed), (5, 2, 100, Some(202 * MS)));
    assert_eq!(row.delay_max, MS);
    assert_eq!(row.activity.iter().sum::<u64>(), 200);
}

/// A delivery that was ready when the wait began was ready since the wait before it, at most.
#[test]
fn lag_goes_back_to_the_wait_before_or_to_the_call_that_found_nothing() {
    let profile = profile(
        "0ms p1 t1 create 3
         0ms p1 t1 add 3 5 IN
         0ms p1 t1 add 3 6 IN
         10ms p1 t1 wait 3
         20ms p1 t1 got 5:IN
         21ms p1 t1 read 6 EAGAIN
         31ms p1 t1 read 5 10/10
         60ms p1 t1 wait 3
         60.001ms p1 t1 got 5:IN 6:IN
         61ms p1 t1 wait 3",
    );
    let lag = |fd| profile.descriptors.iter().find(|row| row.fd == fd).expect("it").lag_max;
    assert_eq!((lag(5), lag(6)), (40_001_000, 39_001_000));
    assert_eq!(profile.threads[0].returned_at_once, 1);
}

#[test]
fn looks_without_a_pause_are_spinning_and_work_between_them_is_not() {
    let profile = profile(
        "0ms p1 t1 create 3
         1ms p1 t1 wait 3 timeout=0ms
         1.001ms p1 t1 got nothing
         1.003ms p1 t1 wait 3 timeout=0ms
         1.004ms p1 t1 got nothing
         51ms p1 t1 wait 3 timeout=0ms
         51.001ms p1 t1 got nothing
         51.002ms p1 t1 wait 3 timeout=5ms
         57.002ms p1 t1 got nothing
         58ms p1 t1 exit",
    );
    let thread = &profile.threads[0];
    // Three looks, and 2 us between the first two; the time between a look and a wait is work.
    assert_eq!(thread.spinning, 5_000);
    assert_eq!(thread.busy, 51 * MS - 1_004_000 + 1_000 + 998_000);
    assert_eq!(thread.busy + thread.waiting + thread.spinning, thread.to - thread.from);
    assert_eq!(profile.figures.timer_late_p99.whole(), Some(MS));
    assert_eq!(profile.figures.empty_looks.whole(), Some(3));
}

#[test]
fn a_wake_up_is_wasted_when_nothing_is_called_until_the_next_delivery() {
    let turn = |at: u64| format!("{at}ms p1 t1 wait 3\n{}ms p1 t1 got 5:OUT\n", at + 1);
    let waits: String = (0..200).map(|round| turn(10 + 2 * round)).collect();
    let begin = "0ms p1 t1 create 3\n0ms p1 t1 add 3 5 IN|OUT\n";
    let profile = profile(&format!("{begin}{waits}500ms p1 t1 wait 3"));
    assert_eq!(profile.figures.wasted.whole(), Some(199));
    assert_eq!(verdict(&profile), VerdictName::Wasteful);
    // Where another thread serves it in between, which was told of nothing itself, it is not.
    let served = waits.replace("t1 got 5:OUT", "t1 got 5:OUT\np1 t2 write 5 1/1");
    let profile = self::profile(&format!("{begin}{served}500ms p1 t1 wait 3"));
    assert_eq!(profile.figures.wasted.whole(), Some(0));
    assert_eq!(profile.figures.served_elsewhere.whole(), Some(200));
}

#[test]
fn a_herd_is_a_first_call_that_is_in_vain_and_a_drain_is_none() {
    let profile = profile(
        "0ms p1 t1 create 3
         0ms p1 t1 open 5 listener
         0ms p1 t1 add 3 5 IN
         0ms p1 t1 add 3 6 IN|ET
         1ms p1 t1 wait 3
         2ms p1 t1 got 5:IN 6:IN
         2ms p1 t1 accept 5 EAGAIN
         2ms p1 t1 read 6 10/10
         2ms p1 t1 read 6 EAGAIN
         3ms p1 t1 wait 3",
    );
    assert_eq!((profile.figures.herd.whole(), profile.figures.again.whole()), (Some(1), Some(2)));
    let row = profile.descriptors.iter().find(|row| row.fd == 5).expect("it");
    assert_eq!((row.herd, &*row.kind), (1, "listener"));
}

/// Each thread has an epoll of its own: what one of them does is not what the others do.
#[test]
fn of_threads_that_are_woken_for_one_connection_one_accepts_and_the_others_are_a_herd() {
    let profile = profile(
        "0ms p1 t1 create 3
         0ms p1 t2 create 4
         0ms p1 t1 add 3 5 IN
         0ms p1 t2 add 4 5 IN
         1ms p1 t1 wait 3
         1ms p1 t2 wait 4
         2ms p1 t1 got 5:IN
         2ms p1 t2 got 5:IN
         3ms p1 t1 accept 5 9
         3ms p1 t2 accept 5 EAGAIN
         4ms p1 t1 wait 3
         4ms p1 t2 wait 4",
    );
    assert_eq!((profile.figures.herd.whole(), profile.figures.wasted.whole()), (Some(1), Some(0)));
    let herds: Vec<_> = profile.threads.iter().map(|row| row.herd).collect();
    assert_eq!(herds, [0, 1]);
}

#[test]
fn only_what_changes_nothing_is_a_redundant_ctl() {
    let redundant = |calls: &str| {
        let begin = "0ms p1 t1 create 3
             0ms p1 t1 add 3 5 IN
             0ms p1 t1 add 3 6 IN|ET
             1ms p1 t1 wait 3
             2ms p1 t1 got 5:IN\n";
        let calls: String = calls.split(", ").map(|call| format!("2ms p1 t1 {call}\n")).collect();
        profile(&format!("{begin}{calls}3ms p1 t1 wait 3")).figures.redundant_ctl.whole()
    };
    assert_eq!(redundant("mod 3 5 IN"), Some(1));
    assert_eq!(redundant("mod 3 5 IN|OUT, mod 3 5 IN"), Some(2));
    assert_eq!(redundant("add 3 7 IN, del 3 7"), Some(2));
    assert_eq!(redundant("del 3 5, add 3 5 IN"), Some(2));
    // It asks again for what is there; a one-shot is armed; a change is a change.
    assert_eq!(redundant("mod 3 6 IN|ET"), Some(0));
    assert_eq!(redundant("mod 3 5 IN|ONESHOT, mod 3 5 IN|ONESHOT"), Some(0));
    assert_eq!(redundant("mod 3 5 IN|OUT, del 3 6"), Some(0));
}

#[test]
fn a_thread_that_is_killed_in_a_turn_hangs_and_one_that_exits_does_not() {
    let trace = |end: &str| {
        profile(&format!(
            "0ms p1 t1 create 3
             0ms p1 t1 add 3 5 IN
             1ms p1 t1 wait 3
             2ms p1 t1 got 5:IN
             3ms p1 t1 read 5 1/1
             14s p1 t1 {end}"
        ))
    };
    let killed = trace("died 9");
    assert_eq!(verdict(&killed), VerdictName::Hanging);
    assert!(killed.verdicts[0].text.contains("in a turn since 14.0 s"), "{:?}", killed.verdicts);
    assert!(killed.slow_turns[0].is_open && killed.threads[0].in_turn_since == Some(2 * MS));
    let exited = trace("finish");
    assert_eq!(verdict(&exited), VerdictName::Blocked);
    assert!(!exited.slow_turns[0].is_open);
    // The profile ends, and the program has not.
    assert_eq!(verdict(&trace("end")), VerdictName::Hanging);
}

#[test]
fn a_wait_on_an_epoll_inside_another_is_of_the_turn() {
    let profile = profile(
        "0ms p1 t1 create 3
         0ms p1 t1 create 4
         0ms p1 t1 add 3 4 IN
         0ms p1 t1 add 4 5 IN
         1ms p1 t1 wait 3
         2ms p1 t1 got 4:IN
         3ms p1 t1 wait 4 timeout=0ms
         4ms p1 t1 got 5:IN
         6ms p1 t1 read 5 1/1
         7ms p1 t1 wait 3",
    );
    let thread = &profile.threads[0];
    assert_eq!((thread.turns, thread.busy, thread.deliveries), (1, 5 * MS, 2));
    assert_eq!(profile.descriptors.iter().find(|row| row.fd == 5).expect("it").delay_max, 2 * MS);
}

#[test]
fn peers_that_do_not_read_are_told_apart_from_a_busy_loop() {
    let profile = profile(
        "0ms p1 t1 create 3
         0ms p1 t1 add 3 5 IN|OUT
         1ms p1 t1 wait 3
         2ms p1 t1 got 5:IN
         2ms p1 t1 write 5 10/100
         3ms p1 t1 wait 3
         903ms p1 t1 got 5:OUT
         903ms p1 t1 write 5 90/90
         904ms p1 t1 wait 3",
    );
    assert_eq!(profile.figures.peer_blocked.whole(), Some(901 * MS));
    assert_eq!(verdict(&profile), VerdictName::PeerBound);
}

#[test]
fn a_program_that_another_takes_the_place_of_is_settled_then() {
    let profile = profile(
        "0ms p1 t1 start 1000000000
         0ms p1 t1 mapped /bin/a 0x1000 0x1000 0x2000
         0ms p1 t1 create 3
         1ms p1 t1 wait 3 @0x1235
         2ms p1 t1 exec
         3ms p1 t1 start 2000000000
         3ms p1 t1 mapped /bin/b 0x1000 0x1000 0x2000
         4ms p1 t1 create 3
         5ms p1 t1 wait 3 @0x1235
         6ms end",
    );
    assert_eq!(profile.started, 1.0);
    let modules: Vec<_> = profile.sites.iter().map(|row| &*row.places[0].module).collect();
    assert_eq!(modules, ["/bin/a", "/bin/b"]);
    let spans: Vec<_> = profile.threads.iter().map(|row| (row.from, row.to)).collect();
    assert_eq!(spans, [(MS, 3 * MS), (5 * MS, 6 * MS)]);
}

#[test]
fn the_kernel_s_times_are_of_the_thread_and_of_its_slow_turn() {
    let mut model = Model::new(Options::default());
    model.begin(0);
    let all = text::parse(SLOW).expect("a trace");
    for at in [15, 100, 190] {
        model.ran(at * MS, 1, 1, at * MS / 5, at * MS / 10);
        model.sampled(at * MS, 1, 1, "futex", &[0x20, 0x30]);
    }
    all.iter().for_each(|it| model.observe(it));
    let profile = model.finish(0, Program::default());
    let thread = &profile.threads[0];
    assert_eq!((thread.on_cpu, thread.runnable), (Some(35 * MS), Some(17_500_000)));
    let turn = &profile.slow_turns[0];
    assert_eq!((turn.on_cpu, turn.runnable), (Some(35 * MS), Some(17_500_000)));
    assert_eq!((turn.stacks[0].samples, &*turn.stacks[0].call), (1, "futex"));
    assert_eq!(profile.timeline.lanes[0].on_cpu.iter().sum::<u64>(), 35 * MS);
}

/// A stack takes time to unwind: what was seen is of the turn in which it was, and of no later one.
#[test]
fn a_sample_that_comes_late_is_of_its_own_turn() {
    let mut model = Model::new(Options::default());
    model.begin(0);
    text::parse(SLOW).expect("a trace").iter().for_each(|it| model.observe(it));
    for at in [19, 50, 51, 201] {
        model.sampled(at * MS, 1, 1, "futex", &[0x20]);
    }
    let profile = model.finish(0, Program::default());
    let stacks = &profile.slow_turns[0].stacks;
    assert_eq!((stacks.len(), stacks[0].samples), (1, 2));
}

#[test]
fn what_was_lost_is_said() {
    let profile = profile(
        "0ms p1 t1 create 3
         1ms p1 t1 wait 3
         5ms p1 t1 dropped 40
         9ms p1 t1 wait 3
         10ms p1 t1 finish",
    );
    assert_eq!((profile.drops.records, profile.drops.spans.len()), (40, 1));
    assert_eq!(profile.timeline.lanes[0].dropped.iter().sum::<u64>(), 40);
    let thread = &profile.threads[0];
    assert_eq!(thread.busy + thread.waiting + thread.spinning, thread.to - thread.from);
    assert!(epshim_profile::text::lines(&profile)[0].contains("40 records LOST"));
}
