//! Records and what they mean: as the BPF program writes them, and as nothing does.

use epshim_observe::{Delivery, Ended, What};
use epshim_trace::any_bytes::read_record;
use epshim_trace::calls::{Meaning, forked, is_exit, meaning, timeout};
use epshim_trace::record::Record;
use proptest::prelude::*;
use std::borrow::Cow;

/// A record's bytes.
fn bytes(number: u32, result: i64, value: u64, arguments: [u64; 6], data: &[u8]) -> Vec<u8> {
    let mut bytes = 7_000_000_u64.to_le_bytes().to_vec();
    for half in [40_u32, 41, number, data.len() as u32] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(result.to_le_bytes());
    bytes.extend(value.to_le_bytes());
    bytes.extend(arguments.iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend([0x1000_u64, 0x2000, 0x3000].iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend([9; 64]);
    bytes.extend(data);
    bytes
}

fn means(
    number: u32,
    result: i64,
    value: u64,
    arguments: [u64; 6],
    data: &[u8],
) -> Option<Meaning> {
    meaning(&Record::read(&bytes(number, result, value, arguments, data))?)
}

fn observed(number: u32, result: i64, value: u64, arguments: [u64; 6]) -> Vec<What<'static>> {
    match means(number, result, value, arguments, &[]) {
        Some(Meaning::Observed(all)) => all,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_head_is_where_the_program_puts_it() {
    let record = Record::read(&bytes(0, 5, 3, [1, 2, 3, 4, 5, 6], &[7])).unwrap();
    assert_eq!((record.at, record.pid, record.tid), (7_000_000, 40, 41));
    assert_eq!((record.number, record.result, record.value), (0, 5, 3));
    assert_eq!((record.arguments, &record.data[..]), ([1, 2, 3, 4, 5, 6], &[7][..]));
    assert_eq!((record.place.ip, record.place.sp, record.place.bp), (0x1000, 0x2000, 0x3000));
    assert_eq!(record.place.stack, [9; 64]);
}

#[test]
fn a_wait_has_its_timeout_and_its_deliveries() {
    let event = [1, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11];
    let deliveries = Cow::Owned(vec![Delivery { events: 1, data: 0x1122_3344_5566_7788 }]);
    let ended = What::Got { deliveries };
    for (number, value, milliseconds, timeout) in
        [(232, 0, 100, 100_000_000), (281, 0, u32::MAX, -1), (441, 5, 0, 5), (441, u64::MAX, 0, -1)]
    {
        let arguments = [3, 0, 8, milliseconds.into(), 0, 0];
        let expected = Meaning::Waited { epfd: 3, timeout, ended: ended.clone() };
        assert_eq!(means(number, 1, value, arguments, &event), Some(expected), "{number}");
    }
    let failed = What::WaitFailed { errno: 4, at: None };
    let expected = Meaning::Waited { epfd: 3, timeout: 0, ended: failed };
    assert_eq!(means(232, -4, 0, [3, 0, 8, 0, 0, 0], &[]), Some(expected));
}

/// A thread that is seen in its wait tells the same as the end of it: a look has had -1 for -1 ms.
#[test]
fn no_timeout_is_none_wherever_it_is_read() {
    for (number, milliseconds, read, expected) in [
        (232, -1, u64::MAX, -1),
        (281, -1, 0, -1),
        (441, 7, u64::MAX, -1),
        (232, -2, 0, -2_000_000),
        (232, 0, 0, 0),
    ] {
        let arguments = [3, 0, 8, milliseconds as u32 as u64, 0, 0];
        assert_eq!(timeout(number, &arguments, read), expected, "{number} {milliseconds}");
    }
}

#[test]
fn a_timeout_below_none_stays_what_it_is() {
    let arguments = [3, 0, 8, (-5_i32) as u32 as u64, 0, 0];
    let Some(Meaning::Waited { timeout, .. }) = means(232, 0, 0, arguments, &[]) else { panic!() };
    assert_eq!(timeout, -5_000_000);
}

#[test]
fn of_a_vector_that_is_too_long_a_read_drains_and_a_write_is_whole() {
    let read = observed(19, 100, u64::MAX, [6, 0, 9, 0, 0, 0]);
    assert_eq!(read, [What::Read { fd: 6, ended: Ended::Moved { bytes: 100, asked: 101 } }]);
    let write = observed(20, 100, u64::MAX, [6, 0, 9, 0, 0, 0]);
    assert_eq!(write, [What::Write { fd: 6, ended: Ended::Moved { bytes: 100, asked: 100 } }]);
    let known = observed(20, 100, 300, [6, 0, 2, 0, 0, 0]);
    assert_eq!(known, [What::Write { fd: 6, ended: Ended::Moved { bytes: 100, asked: 300 } }]);
}

#[test]
fn what_the_kernel_makes_again_has_not_ended_and_a_look_takes_nothing() {
    assert_eq!(means(0, -512, 0, [6, 0, 8, 0, 0, 0], &[]), None);
    assert_eq!(observed(45, 8, 0, [6, 0, 8, 2, 0, 0]), [What::Touch { fd: 6 }]);
    assert_eq!(means(3, -9, 0, [6, 0, 0, 0, 0, 0], &[]), None);
}

#[test]
fn dup2_closes_what_it_replaces() {
    let close = What::Close { fd: 9, unread: None };
    assert_eq!(observed(33, 9, 0, [6, 9, 0, 0, 0, 0]), [close, What::Dup { from: 6, to: 9 }]);
    assert_eq!(observed(33, 6, 0, [6, 6, 0, 0, 0, 0]), []);
}

/// They are no system calls, and nothing to a model.
#[test]
fn a_process_that_is_made_and_one_that_ends_are_no_calls() {
    let made = bytes(1 << 16, 77, 0, [0; 6], &[]);
    assert_eq!(forked(&Record::read(&made).unwrap()), Some(77));
    let ends = Record::read(&bytes((1 << 16) + 1, 0, 0, [0; 6], &[])).unwrap();
    assert!(is_exit(&ends) && forked(&ends).is_none());
    assert_eq!((meaning(&Record::read(&made).unwrap()), meaning(&ends)), (None, None));
    assert_eq!(forked(&Record::read(&bytes(1 << 16, i64::MAX, 0, [0; 6], &[])).unwrap()), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_record(&bytes);
    }

    #[test]
    fn any_call_is_read_without_a_panic(
        number in 0_u32..500,
        result in any::<i64>(),
        value in any::<u64>(),
        arguments in any::<[u64; 6]>(),
        data in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        read_record(&bytes(number, result, value, arguments, &data));
    }
}
