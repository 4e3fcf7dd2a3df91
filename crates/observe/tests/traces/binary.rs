//! Recordings.

use super::any::observation;
use epshim_observe::binary::{Bad, MAGIC, Reader, VERSION, Writer};
use epshim_observe::{Ended, Observation, Site, What};
use proptest::collection::vec;
use proptest::prelude::*;

fn written(observations: &[Observation<'_>]) -> Vec<u8> {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    observations.iter().for_each(|one| writer.write(one, &mut bytes));
    bytes
}

/// All that can be read, and whether the end was damaged; and how many bytes were left.
fn read(mut bytes: &[u8]) -> (Vec<Observation<'static>>, Option<Bad>, usize) {
    let (mut reader, mut all) = (Reader::default(), Vec::new());
    loop {
        match reader.read(&mut bytes) {
            Ok(Some(observation)) => all.push(observation),
            Ok(None) => return (all, None, bytes.len()),
            Err(bad) => return (all, Some(bad), bytes.len()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn observations_come_back_from_their_bytes(all in vec(observation(), 0..20)) {
        prop_assert_eq!(read(&written(&all)), (all, None, 0));
    }

    /// A recorder that is killed, a disk that is full.
    #[test]
    fn a_recording_that_was_cut_off_loses_its_end_only(
        all in vec(observation(), 1..10),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = written(&all);
        let cut = cut.index(bytes.len());
        let (some, bad, _) = read(&bytes[..cut]);
        prop_assert_eq!(bad, None);
        prop_assert_eq!(&some[..], &all[..some.len()]);
        // What was whole at the cut was read.
        let whole = (0..=all.len()).rev().find(|&n| n == 0 || written(&all[..n]).len() <= cut);
        prop_assert_eq!(Some(some.len()), whole);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        read(&bytes);
        let with_header = [&MAGIC[..], &[VERSION], &bytes].concat();
        read(&with_header);
    }

    /// Nearly right: a recording with some bytes changed.
    #[test]
    fn a_damaged_recording_is_read_or_refused(
        all in vec(observation(), 1..10),
        places in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut bytes = written(&all);
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        read(&bytes);
    }
}

#[test]
fn what_is_no_recording_is_refused_and_says_why() {
    assert_eq!(read(b"#!/bin/sh\nexit\n").1, Some(Bad::Magic));
    let newer = [&MAGIC[..], &[9, 1, 29]].concat();
    assert_eq!(read(&newer).1, Some(Bad::Version(9)));
    // A length that no observation has reserves nothing.
    let endless = [&MAGIC[..], &[VERSION], &[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]].concat();
    assert_eq!(read(&endless).1, Some(Bad::Observation));
}

/// A server's loop: what a recording takes.
#[test]
fn a_call_of_a_server_takes_about_ten_bytes() {
    let ended = Ended::Moved { bytes: 100, asked: 4096 };
    let one = |n: u64, site, what| Observation {
        at: n * 7_311,
        pid: 4711,
        tid: 4712,
        site: Site(site),
        what,
    };
    let all: Vec<_> = (0..1000_u64)
        .flat_map(|n| {
            let fd = 10 + (n * 7 % 64) as i32;
            let read = one(2 * n, 0x7f12_3456_0010, What::Read { fd, ended });
            [read, one(2 * n + 1, 0x7f12_3456_0320, What::Write { fd, ended })]
        })
        .collect();
    let each = written(&all).len() / all.len();
    assert!(each <= 12, "{each} bytes a call");
}
