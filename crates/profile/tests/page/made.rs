//! Profiles that tests make pages of.

use epshim_profile::{Call, Lane, Profile, SampledStack, SiteRow, ThreadRow, Turns};

/// The sample, which has something of everything.
pub fn sample() -> Profile {
    serde_json::from_str(include_str!("../sample.json")).expect("a profile")
}

/// Numbers without an order, the same in each run.
pub fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}

/// Turns of 20 µs to 5 ms, with waits of as much between them.
pub fn turns(tid: i32, count: usize) -> Turns {
    let of = |seed, from: u64, span: u64| {
        numbers(seed).map(move |number| from + number % span).take(count)
    };
    let length: Vec<u64> = of(1, 20_000, 5_000_000).collect();
    let waits = of(2, 1_000, 5_000_000);
    // Each begins when the one before has ended, and a wait after it.
    let before = std::iter::once(0).chain(length.iter().copied());
    let after = before.zip(waits).map(|(before, wait)| before + wait).collect();
    let deliveries = of(3, 1, 4).map(|number| number as u32).collect();
    Turns { pid: 4711, tid, from: 1_000_000, after, length, deliveries }
}

/// The sample with two threads of 250,000 turns each, as many as a profile has.
pub fn long() -> Profile {
    let mut profile = sample();
    profile.turns = vec![turns(4711, 250_000), turns(4712, 250_000)];
    let end = |turns: &Turns| {
        turns.from + turns.after.iter().sum::<u64>() + turns.length.last().unwrap_or(&0)
    };
    profile.duration = profile.turns.iter().map(end).max().unwrap_or(0);
    profile.timeline.width = profile.duration.div_ceil(profile.timeline.columns as u64);
    profile
}

/// As much of everything as a profile may have: 100 threads, 2,048 columns, 200 slow turns with 256 calls and 10 stacks each,
/// 1,000 descriptors, 3,000 call sites, 500,000 turns.
pub fn full() -> Profile {
    let mut profile = sample();
    let list =
        |seed| numbers(seed).map(|number| number % 100_000_000).take(2_048).collect::<Vec<u64>>();
    let (thread, lane) = (profile.threads[0].clone(), profile.timeline.lanes[0].clone());
    profile.threads =
        (0..100).map(|place| ThreadRow { tid: 5_000 + place, ..thread.clone() }).collect();
    let lane = Lane {
        busy: list(4),
        waiting: list(5),
        runnable: list(6),
        on_cpu: list(7),
        turn_max: list(8),
        ..lane
    };
    profile.timeline.lanes =
        (0..100).map(|place| Lane { tid: 5_000 + place, ..lane.clone() }).collect();
    profile.timeline.columns = 2_048;
    profile.turns = (0..100).map(|place| turns(5_000 + place, 5_000)).collect();
    let mut slow = profile.slow_turns[0].clone();
    let call = slow.calls[0].clone();
    slow.calls = (0..256)
        .map(|place| Call { at: slow.at + place * slow.length / 256, ..call.clone() })
        .collect();
    let places = std::iter::repeat_n(slow.stacks[0].places[0].clone(), 64).collect();
    slow.stacks = vec![SampledStack { places, ..slow.stacks[0].clone() }; 10];
    profile.slow_turns = vec![slow; 200];
    profile.descriptors = vec![profile.descriptors[1].clone(); 1_000];
    let site = SiteRow {
        name: "a::rather::long::name::of::a::method server.rs:1042".into(),
        ..profile.sites[2].clone()
    };
    profile.sites = vec![site; 3_000];
    profile
}
