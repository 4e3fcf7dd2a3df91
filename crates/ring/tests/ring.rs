//! A ring: what is written comes out, in order, or was counted; with any bytes in it.

use epshim_observe::{Answer, Call, Delivery, EmptyWait, Ended, Kind, Observation, Site, What};
use epshim_ring::{RECORDS, Reader, Record, Ring, Written};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// What is in the ring now.
fn taken(ring: &Ring) -> Vec<Written> {
    let (mut reader, mut all) = (Reader::default(), Vec::new());
    ring.take_all(|record| all.extend(reader.take(record)));
    all
}

fn one_of_each() -> Vec<What<'static>> {
    let ended = Ended::Moved { bytes: 3, asked: 8 };
    let ctl = |errno, padding| What::Ctl {
        op: 3,
        epfd: 3,
        fd: 5,
        events: 0x8000_0001,
        data: u64::MAX - 1,
        padding,
        errno,
        at: None,
    };
    let deliveries = |count: u64| {
        let all = (0..count).map(|n| Delivery { events: 1 << (n % 32), data: n << 40 });
        What::Got { deliveries: all.collect::<Vec<_>>().into() }
    };
    vec![
        What::Read { fd: 5, ended },
        What::Read { fd: 5, ended: Ended::Failed(11) },
        What::Write { fd: i32::MAX, ended },
        What::Accept { fd: 5, accepted: Ok(-1) },
        What::Accept { fd: 5, accepted: Err(24) },
        What::Touch { fd: 5 },
        What::Close { fd: 5, unread: None },
        What::Close { fd: 5, unread: Some(1 << 40) },
        What::Dup { from: 5, to: 6 },
        What::Shutdown { fd: 5 },
        What::Poll { fd: 5, events: 4 },
        What::Polled { fd: 5, ready: 0 },
        What::Wait { epfd: 3, timeout: -1 },
        What::Wait { epfd: 3, timeout: i64::MAX },
        What::EmptyWaits { epfd: 3, waits: vec![EmptyWait { after: 1 << 20, took: 3 }].into() },
        deliveries(0),
        deliveries(1),
        deliveries(300),
        ctl(0, None),
        ctl(17, Some(7)),
        What::CtlBegins { op: 1, epfd: 3, fd: 5 },
        What::Open { fd: 5, kind: Kind::Queue, may_block: true },
        What::Blocked { fd: 5, call: Call::Accept, nanos: 1 << 40, is_over: true },
        What::Kernel(Answer::Fdinfo { epfd: 3, listed: None }),
        What::Callers { addresses: (0..70).collect() },
        What::Start { epoch: 1 },
        What::Look,
    ]
}

/// Waits that look again and again, written one by one, come out packed, and are the same.
#[test]
fn waits_that_find_nothing_come_out_packed_and_each_at_its_time() {
    static RING: Ring = Ring::new();
    let (wait, nothing) =
        (What::Wait { epfd: 3, timeout: 0 }, What::Got { deliveries: [][..].into() });
    let mut went_in = Vec::new();
    let mut write = |at: u64, site: u64, what: &What<'static>| {
        RING.write(at, Site(site), what);
        let is_got = matches!(what, What::Got { .. });
        went_in.push((at, Site(if is_got { 0 } else { site }), what.clone()));
    };
    let mut at = 1_000;
    // A pause between, or a long wait, or another site or epoll: each is written apart from those before.
    for step in 0..1_000_u64 {
        let (pause, long) =
            (u64::from(step % 97 == 5) * 70_000, u64::from(step % 89 == 7) * 80_000);
        let site = 1 + step / 150;
        at += 300 + step + pause;
        let epfd = 3 + (step / 130) as i32;
        write(at, site, &What::Wait { epfd, timeout: 0 });
        at += 200 + long;
        write(at, 0, &nothing);
        if step % 211 == 0 {
            write(at + 1, 7, &What::Touch { fd: 5 });
            write(at + 2, 7, &What::Wait { epfd: 3, timeout: 5_000_000 });
            write(at + 3, 0, &nothing);
            write(at + 4, 7, &wait);
            let deliveries = vec![Delivery { events: 1, data: 5 }];
            write(at + 5, 0, &What::Got { deliveries: deliveries.into() });
        }
    }
    // The last has not ended.
    write(at + 300, 9, &wait);
    let mut packed = taken(&RING);
    RING.take_kept(|written| packed.push(written));
    let mut came_out = Vec::new();
    for Written { at, site, what, .. } in &packed {
        let it = Observation { at: *at, pid: 0, tid: 0, site: *site, what: what.clone() };
        match what {
            What::EmptyWaits { .. } => {
                came_out.extend(it.each_wait().map(|one| (one.at, one.site, one.what)));
            }
            _ => came_out.push((it.at, it.site, it.what)),
        }
    }
    assert_eq!(came_out, went_in);
    assert!(packed.len() < went_in.len() / 10, "{} for {}", packed.len(), went_in.len());
    assert!(taken(&RING).is_empty());
}

#[test]
fn every_sort_of_observation_comes_out_as_it_went_in() {
    static RING: Ring = Ring::new();
    let all = one_of_each();
    for (at, what) in (1000..).zip(&all) {
        RING.write(at, Site(at * 3), what);
    }
    let found = taken(&RING);
    for ((at, what), found) in (1000..).zip(&all).zip(&found) {
        let site = if matches!(what, What::Got { .. }) { Site(0) } else { Site(at * 3) };
        assert_eq!(found, &Written { at, tid: 0, site, what: what.clone() });
    }
    assert_eq!(found.len(), all.len());
}

#[test]
fn a_size_of_more_than_32_bits_is_short_where_it_was() {
    static RING: Ring = Ring::new();
    let (bytes, asked) = (u64::MAX - 1, u64::MAX);
    RING.write(1, Site(1), &What::Read { fd: 5, ended: Ended::Moved { bytes, asked } });
    let [Written { what: What::Read { ended, .. }, .. }] = &taken(&RING)[..] else {
        panic!("a read")
    };
    assert!(!ended.outcome().is_whole());
}

#[test]
fn what_has_no_room_is_dropped_and_counted_where_it_was() {
    static RING: Ring = Ring::new();
    let touch = |fd| What::Touch { fd };
    for fd in 0..RECORDS as i32 + 10 {
        RING.write(fd as u64, Site(0), &touch(fd));
    }
    let found = taken(&RING);
    assert_eq!(found.len(), RECORDS, "the oldest stay");
    assert_eq!(found.last().map(|one| &one.what), Some(&touch(RECORDS as i32 - 1)));
    RING.write(1 << 40, Site(0), &touch(-1));
    let found: Vec<_> = taken(&RING).into_iter().map(|one| (one.at, one.what)).collect();
    let first = (RECORDS as u64, What::Dropped { records: 10 });
    assert_eq!(found, [first, (1 << 40, touch(-1))], "it is told of the time of the first");
    // Longer than the ring: it never fits.
    let addresses = (0..1 << 20).map(|n| n << 40).collect();
    RING.write(3, Site(0), &What::Callers { addresses });
    assert_eq!(RING.free(), Some((1, 3)));
}

#[test]
fn what_another_thread_did_is_its_own() {
    static RING: Ring = Ring::new();
    let what = What::Unwritten { fd: 5 };
    RING.write_of(1, 77, Site(2), &what);
    RING.write(2, Site(3), &what);
    let whose: Vec<_> = taken(&RING).into_iter().map(|one| (one.at, one.tid, one.site)).collect();
    assert_eq!(whose, [(1, 77, Site(2)), (2, 0, Site(3))]);
}

#[test]
fn a_ring_is_one_threads_until_it_is_freed() {
    static RINGS: [Ring; 2] = [const { Ring::new() }; 2];
    static HEADER: epshim_ring::Header = epshim_ring::Header::new();
    let take = |tid| HEADER.take(&RINGS, 7, tid).map(|(place, _)| place);
    assert_eq!((take(1), take(2), take(3)), (Some(0), Some(1), None));
    assert_eq!(RINGS[1].owner(), Some((7, 2)));
    RINGS[0].leave();
    assert!(RINGS[0].is_left() && !RINGS[1].is_left());
    RINGS[0].free();
    assert_eq!(take(3), Some(0));
    assert!(!RINGS[0].is_left());
    assert_eq!(HEADER.used.load(Ordering::Relaxed), 2);
}

/// A writer and a reader at once: all comes out in order, or was dropped, and the reader knows where.
#[test]
fn nothing_is_lost_without_a_word() {
    static RING: Ring = Ring::new();
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    const WRITES: i32 = 300_000;
    let writer = thread::spawn(|| {
        for fd in 0..WRITES {
            let data = fd as u64;
            let all = [Delivery { events: 1, data }, Delivery { events: 2, data }];
            let pair = What::Got { deliveries: all[..].into() };
            let what = if fd % 3 == 0 { pair } else { What::Touch { fd } };
            RING.write(fd as u64, Site(0), &what);
        }
        IS_OVER.store(true, Ordering::Release);
    });
    let (mut next, mut dropped, mut reader) = (0, 0, Reader::default());
    loop {
        let is_over = IS_OVER.load(Ordering::Acquire);
        RING.take_all(|record| match reader.take(record) {
            Some(Written { at, what: What::Touch { fd }, .. }) => {
                assert_eq!((at, fd as u64), (next, next));
                next += 1;
            }
            Some(Written { at, what: What::Got { deliveries }, .. }) => {
                assert_eq!((at, deliveries.len()), (next, 2));
                assert!(deliveries.iter().all(|one| one.data == next), "whole, or not at all");
                next += 1;
            }
            Some(Written { what: What::Dropped { records }, .. }) => {
                next += records;
                dropped += records;
            }
            Some(other) => panic!("{other:?}"),
            None => {}
        });
        if is_over {
            break;
        }
    }
    writer.join().expect("the writer");
    assert_eq!(
        next + RING.free().map_or(0, |(dropped, _)| dropped),
        WRITES as u64,
        "{dropped} were dropped"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// A process that has gone wild.
    #[test]
    fn any_records_are_read_without_harm(
        records in vec((any::<[u64; 4]>(), 0..20_u8, any::<bool>()), 0..60),
    ) {
        let mut reader = Reader::default();
        for (mut record, kind, is_short) in records {
            record[1] = record[1] & !0xff | u64::from(kind);
            if is_short {
                record[3] &= 0x7f;
            }
            let record: Record = record;
            let _ = reader.take(record);
        }
    }
}
