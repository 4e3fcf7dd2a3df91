//! The texts of /proc: as kernels write them, and as they never should.

mod targets;

use epshim_observe::proc::{
    InCall, Stat, anonymous_kind, in_call, registrations, run_times, signals, stat,
};
use epshim_observe::{Kind, Listed, bits};
use proptest::collection::vec;
use proptest::prelude::*;
use targets::parse_all;

/// As Linux 6.18 writes them, one behind the other.
const CORPUS: [&[u8]; 11] = [
    b"pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t1035\ntfd:        5 events:       19 data:                5  pos:0 ino:3f sdev:10\n",
    b"tfd:        6 events: 40000000 data:     7f00deadbeef  pos:0 ino:40e sdev:f\ntfd:       -1 events:  1d data: 0  pos:0 ino:0 sdev:0\n",
    b"4711 (a) b) S 1 4711 4711 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 8915 2600960 228 18446744073709551615 1 1 0 0 0 0 0 0 65536 0 0 0 17 0 0 0 0 0 0 0 0 0 140 170 0 0 9\n",
    b"17 (x) Z",
    b"running\n",
    b"-1 0x7ffd 0x7f12\n",
    b"202 0x7f 0x80 0x2 0x0 0x0 0x0 0x7ffd 0x7f12\n",
    b"anon_inode:[eventpoll]",
    b"anon_inode:inotify",
    b"123456 789 12\n",
    b"Name:\tserver\nSigPnd:\t0000000000000000\nSigBlk:\t0000000000000200\n",
];

#[test]
fn an_epolls_fdinfo_has_its_registrations() {
    let listed = registrations(CORPUS[0]);
    // What the kernel adds to every interest is not the program's.
    let one = Listed { fd: 5, events: bits::IN, data: 5, file: (0x3f, 0x10) };
    assert_eq!(listed, [one]);
    let listed = registrations(CORPUS[1]);
    assert_eq!((listed[0].events, listed[0].data), (bits::ONESHOT, 0x7f00_dead_beef));
    assert_eq!((listed[1].fd, listed[1].events), (-1, bits::IN | bits::OUT));
}

#[test]
fn a_name_in_stat_may_have_brackets_in_it() {
    let (started, code) = (Some(8915), Some(9));
    let arguments = Some((140, 170));
    let read = Stat { pid: 4711, state: b'S', started, arguments, code };
    assert_eq!(stat(CORPUS[2]), Some(read));
    assert!(read.is_asleep() && !read.is_zombie());
    let cut = stat(CORPUS[3]).expect("a state");
    assert!(cut.is_zombie());
    assert_eq!((cut.started, cut.code), (None, None));
    assert_eq!(stat(b"17 (x) "), None);
    assert_eq!(stat(b") 17 ("), None);
}

#[test]
fn a_thread_runs_or_is_in_a_call_or_waits_for_a_page() {
    let read: Vec<_> = CORPUS[4..7].iter().map(|text| in_call(text)).collect();
    assert_eq!(read, [Some(InCall::Running), Some(InCall::None), Some(InCall::Call(202))]);
    assert_eq!(in_call(b""), None);
}

#[test]
fn a_thread_has_run_and_blocks_signals() {
    assert_eq!(run_times(CORPUS[9]), Some((123_456, 789)));
    assert_eq!(run_times(b"123456"), None);
    assert_eq!(signals(CORPUS[10], "SigBlk"), Some(0x200));
    assert_eq!(signals(CORPUS[10], "SigIgn"), None);
    assert_eq!(signals(b"SigBlk:\tnone\n", "SigBlk"), None);
}

#[test]
fn the_link_of_a_descriptor_tells_its_kind() {
    assert_eq!(anonymous_kind(CORPUS[7]), Kind::Epoll);
    assert_eq!(anonymous_kind(CORPUS[8]), Kind::Queue);
    assert_eq!(anonymous_kind(b"anon_inode:[timerfd]"), Kind::Counter);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_harm(bytes in vec(any::<u8>(), 0..300)) {
        parse_all(&bytes);
    }

    /// A text of a kernel's with some bytes changed, or cut off.
    #[test]
    fn damaged_texts_are_read_without_harm(
        which in 0..CORPUS.len(),
        cut in any::<prop::sample::Index>(),
        places in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = CORPUS[which].to_vec();
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        parse_all(&bytes);
    }
}
