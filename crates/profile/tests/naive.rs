//! The model against a naive one, which has all observations at hand and looks forwards and backwards in them.

use epshim_observe::{ADD, Delivery, Ended, Fd, Nanos, Observation, Site, Tid, What};
use epshim_profile::{Model, Options, Profile, Program};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a thread does next, if it can.
#[derive(Debug, Clone)]
enum Step {
    Wait { timeout: i64 },
    Got { first: u8, count: u8 },
    Call { fd: u8, is_read: bool, bytes: Option<u16> },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop_oneof![Just(0), Just(-1), Just(5_000_000)].prop_map(|timeout| Step::Wait { timeout }),
        3 => (0..4_u8, 0..4_u8).prop_map(|(first, count)| Step::Got { first, count }),
        2 => (0..4_u8, any::<bool>(), proptest::option::of(0..100_u16))
            .prop_map(|(fd, is_read, bytes)| Step::Call { fd, is_read, bytes }),
    ]
}

/// Threads take turns; time goes on between two steps by little, or by much.
fn trace() -> impl Strategy<Value = Vec<(u8, Nanos, Step)>> {
    let after = prop_oneof![1..5_000_u64, 1..200_000_u64, 1..300_000_000_u64];
    vec((0..3_u8, after, step()), 0..120)
}

const FIRST: Fd = 5;

/// As observations; steps that the thread cannot take are left out.
fn observed(trace: &[(u8, Nanos, Step)]) -> Vec<Observation<'static>> {
    let mut all = Vec::new();
    let mut push = |at, tid, what| all.push(Observation { at, pid: 1, tid, site: Site(1), what });
    push(0, 9, What::Create { epfd: 3 });
    for fd in FIRST..FIRST + 4 {
        let (padding, at, data) = (None, None, fd as u64);
        push(0, 9, What::Ctl { op: ADD, epfd: 3, fd, events: 1, data, padding, errno: 0, at });
    }
    let (mut now, mut waits) = (0, [false; 3]);
    for (thread, after, step) in trace {
        let (tid, waits) = (Tid::from(*thread) + 10, &mut waits[usize::from(*thread)]);
        let what = match *step {
            Step::Wait { timeout } if !*waits => What::Wait { epfd: 3, timeout },
            Step::Got { first, count } if *waits => {
                let of = |place: u8| Delivery {
                    events: 1,
                    data: FIRST as u64 + u64::from((first + place) % 4),
                };
                What::Got { deliveries: (0..count).map(of).collect::<Vec<_>>().into() }
            }
            Step::Call { fd, is_read, bytes } if !*waits => {
                let ended = bytes.map_or(Ended::Failed(11), |bytes| Ended::Moved {
                    bytes: bytes.into(),
                    asked: 50.max(bytes.into()),
                });
                let fd = FIRST + Fd::from(fd);
                if is_read { What::Read { fd, ended } } else { What::Write { fd, ended } }
            }
            _ => continue,
        };
        now += after;
        match what {
            What::Wait { .. } => *waits = true,
            What::Got { .. } => *waits = false,
            _ => {}
        }
        push(now, tid, what);
    }
    all
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    busy: u64,
    waiting: u64,
    spinning: u64,
    turn_max: u64,
    deliveries: u64,
    bytes: (u64, u64),
    herd: u64,
    wasted: u64,
    peer_blocked: u64,
    delays: u64,
}

fn of(profile: &Profile) -> Sums {
    let whole = |figure: &epshim_profile::Figure| figure.whole().unwrap_or(0);
    let figures = &profile.figures;
    let delays = profile.histograms.iter().find(|one| one.what == epshim_profile::Measure::Delay);
    Sums {
        busy: whole(&figures.busy),
        waiting: whole(&figures.waiting),
        spinning: whole(&figures.spinning),
        turn_max: whole(&figures.turn_max),
        deliveries: whole(&figures.deliveries),
        bytes: (whole(&figures.bytes_in), whole(&figures.bytes_out)),
        herd: whole(&figures.herd),
        wasted: whole(&figures.wasted),
        peer_blocked: whole(&figures.peer_blocked),
        delays: delays.expect("it").count,
    }
}

fn naive(all: &[Observation<'_>]) -> Sums {
    let mut sums = Sums::default();
    let end = all.iter().map(|it| it.at).max().unwrap_or(0);
    for tid in 10..13 {
        let own: Vec<_> = all.iter().filter(|it| it.tid == tid).collect();
        times(&own, end, &mut sums);
    }
    for (place, it) in all.iter().enumerate() {
        match &it.what {
            What::Got { deliveries } => {
                sums.deliveries += deliveries.len() as u64;
                let next: Vec<_> =
                    deliveries.iter().map(|one| next(all, place, it.tid, one)).collect();
                for one in &next {
                    sums.delays += u64::from(matches!(one, Next::Call(_)));
                    sums.herd += u64::from(*one == Next::Call(true));
                }
                let is_wasted = !next.is_empty() && next.iter().all(|one| *one == Next::Delivery);
                sums.wasted += u64::from(is_wasted);
            }
            What::Read { ended: Ended::Moved { bytes, .. }, .. } => sums.bytes.0 += bytes,
            What::Write { fd, ended } => {
                let Ended::Moved { bytes, .. } = ended else { continue };
                sums.bytes.1 += bytes;
                if *bytes > 0 {
                    sums.peer_blocked += it.at - no_room_since(&all[..place], *fd).unwrap_or(it.at);
                }
            }
            _ => {}
        }
    }
    sums
}

/// Since when the descriptor's writes have found no room, at the end of these.
fn no_room_since(before: &[Observation<'_>], of: Fd) -> Option<Nanos> {
    let mut since = None;
    for it in before {
        let What::Write { fd, ended } = it.what else { continue };
        if fd != of {
            continue;
        }
        match ended {
            Ended::Moved { bytes, asked } => {
                if bytes > 0 {
                    since = None;
                }
                if bytes < asked {
                    since = since.or(Some(it.at));
                }
            }
            Ended::Failed(_) => since = since.or(Some(it.at)),
        }
    }
    since
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Call(bool),
    Delivery,
    None,
}

/// What comes of a delivery to a thread.
fn next(all: &[Observation<'_>], place: usize, tid: Tid, of: &Delivery) -> Next {
    for (place, it) in all.iter().enumerate().skip(place + 1) {
        match &it.what {
            What::Got { deliveries } if it.tid == tid && has(deliveries, of.data) => {
                return Next::Delivery;
            }
            What::Read { fd, ended } | What::Write { fd, ended }
                if *fd as u64 == of.data
                    && (it.tid == tid || !has_pending(&all[..place], it.tid, *fd)) =>
            {
                return Next::Call(ended.errno() == 11);
            }
            _ => {}
        }
    }
    Next::None
}

fn has(deliveries: &[Delivery], data: u64) -> bool {
    deliveries.iter().any(|one| one.data == data)
}

/// Whether the thread was told of the descriptor, at the end of these, and that was not served.
fn has_pending(before: &[Observation<'_>], tid: Tid, of: Fd) -> bool {
    for (place, it) in before.iter().enumerate().rev() {
        match &it.what {
            What::Got { deliveries } if it.tid == tid && has(deliveries, of as u64) => return true,
            What::Read { fd, .. } | What::Write { fd, .. }
                if *fd == of && (it.tid == tid || !has_pending(&before[..place], it.tid, of)) =>
            {
                return false;
            }
            _ => {}
        }
    }
    false
}

/// Waits of a thread, and what is between two.
fn times(own: &[&Observation<'_>], end: Nanos, sums: &mut Sums) {
    // Begin, end and whether it was an empty look; the place of each in the list.
    let mut waits: Vec<(Nanos, Nanos, bool, usize)> = Vec::new();
    for (place, it) in own.iter().enumerate() {
        if let What::Wait { timeout, .. } = it.what {
            let got = own.get(place + 1);
            let is_look = matches!(got.map(|it| &it.what), Some(What::Got { deliveries }) if deliveries.is_empty());
            waits.push((it.at, got.map_or(end, |it| it.at), is_look && timeout == 0, place));
        }
    }
    for (number, &(begin, ended, is_look, place)) in waits.iter().enumerate() {
        *(if is_look { &mut sums.spinning } else { &mut sums.waiting }) += ended - begin;
        let next = waits.get(number + 1);
        if place + 1 >= own.len() {
            continue;
        }
        let length = next.map_or(end, |next| next.0) - ended;
        let calls = next.map_or(own.len(), |next| next.3) - place - 2;
        // The next wait has to have ended, too: until then it is not known what it was.
        let is_pause = is_look && calls == 0 && length < 10_000;
        match next {
            Some(next) if is_pause && (next.2 || next.3 + 1 == own.len()) => {
                sums.spinning += length
            }
            _ => {
                sums.busy += length;
                sums.turn_max = sums.turn_max.max(length);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_model_says_what_the_naive_one_says(trace in trace()) {
        let all = observed(&trace);
        let mut model = Model::new(Options::default());
        model.begin(0);
        all.iter().for_each(|it| model.observe(it));
        let profile = model.finish(0, Program::default());
        prop_assert_eq!(of(&profile), naive(&all));
        for (thread, lane) in profile.threads.iter().zip(&profile.timeline.lanes) {
            let sum = thread.busy + thread.waiting + thread.spinning;
            prop_assert_eq!(sum, thread.to - thread.from);
            prop_assert_eq!(lane.busy.iter().sum::<u64>(), thread.busy);
            prop_assert_eq!(lane.waiting.iter().sum::<u64>(), thread.waiting);
            prop_assert_eq!(lane.spinning.iter().sum::<u64>(), thread.spinning);
        }
        let of_rows: u64 = profile.descriptors.iter().map(|row| row.bytes_in + row.bytes_out).sum();
        let of_sites: u64 = profile.sites.iter().map(|row| row.bytes).sum();
        let (bytes_in, bytes_out) = naive(&all).bytes;
        prop_assert_eq!((of_rows, of_sites), (bytes_in + bytes_out, bytes_in + bytes_out));
    }
}
