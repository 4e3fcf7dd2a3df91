//! Any bytes are a trace or are refused, and never more than that: a fixed corpus of recordings and texts, whole, cut
//! at every place, and changed at random.

use crate::traces;
use epshim_check::any_bytes::trace;
use epshim_observe::binary::Writer;
use epshim_observe::reading::{Reading, Unreadable};
use epshim_observe::text;
use proptest::prelude::*;
use std::sync::LazyLock;

/// A hand-written trace with all that one may have.
const TEXT: &str = "\
0ms p7 t1 start 1700000000000000000
0ms p7 t1 mapped /bin/server 0x1000 0x2000 0x3000
0ms p7 t1 callers 8193 8200 @0x8000000000000000
0ms p7 t1 create 3 @0x8000000000000000
0ms p7 t1 open 5 stream
0ms p7 t1 begin add 3 5
0ms p7 t1 add 3 5 IN|ET data=5
1ms p7 t1 wait 3
2ms p7 t1 got 5:IN
2ms p7 t1 read 5 8/8
2ms p7 t1 write 5 EAGAIN
2ms p7 t1 unwritten 5
3ms p7 t1 wait 3 timeout=5ms
3ms p9 t9 fork 7
3ms p9 t9 close 5
1s p7 t2 look
1s p7 t2 kernel fdinfo 3: 5 IN|ET data=5 file=1:2
1s p7 t2 kernel poll 5 IN
1s p7 t2 kernel unread 5 8
1s p7 t2 kernel was-closed 5 no
1s p7 t2 looked
2s p7 t1 dropped 3
2s p7 t1 accept 5 EMFILE
2s p7 t1 got EBADF at=closed,open
3s p7 t1 finish
";

fn recording(text: &str) -> Vec<u8> {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    let all = text::parse(text).expect("a trace");
    all.iter().for_each(|it| writer.write(it, &mut bytes));
    bytes
}

static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut corpus = vec![Vec::new(), b"\n\0\n".to_vec(), b"epshimTR".to_vec(), vec![0xff; 64]];
    corpus.extend([TEXT.as_bytes().to_vec(), recording(TEXT)]);
    // A piece of each real one.
    corpus.extend(traces().into_values().map(|bytes| bytes[..bytes.len().min(20_000)].to_vec()));
    corpus
});

#[test]
fn a_trace_may_be_cut_at_every_place() {
    for bytes in CORPUS.iter() {
        trace(bytes);
        (0..bytes.len().min(1500)).for_each(|end| trace(&bytes[..end]));
    }
}

#[test]
fn both_forms_say_the_same_in_whatever_pieces_they_come() {
    let bytes = recording(TEXT);
    let read = |bytes: &[u8], piece: usize| {
        let (mut reading, mut all) = (Reading::default(), Vec::new());
        bytes.chunks(piece).for_each(|piece| reading.more(piece, |it| all.push(it)).unwrap());
        assert_eq!(reading.end(|it| all.push(it)), Ok(0));
        all
    };
    let whole = read(&bytes, bytes.len());
    assert_eq!(whole, text::parse(TEXT).unwrap());
    for piece in [1, 2, 7, 100] {
        assert_eq!(read(&bytes, piece), whole);
        assert_eq!(read(TEXT.as_bytes(), piece), whole);
    }
}

#[test]
fn what_is_damaged_is_refused_with_its_place() {
    let mut bytes = recording(TEXT);
    let length = bytes.len();
    let taken = Reading::default().end(|_| {});
    assert_eq!(taken, Ok(0), "nothing is no trace, and not a bad one");
    // The sort of the first observation.
    bytes[10] = 0xee;
    let mut reading = Reading::default();
    let bad = reading.more(&bytes, |_| {}).unwrap_err();
    assert!(matches!(bad, Unreadable::Recording(_, 9)), "{bad:?} of {length}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_trace_may_be_changed_at_random(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = CORPUS[which.index(CORPUS.len())].clone();
        bytes.truncate(4000);
        if !bytes.is_empty() {
            let length = bytes.len();
            changes.iter().for_each(|(place, byte)| bytes[place.index(length)] = *byte);
        }
        trace(&bytes);
    }

    #[test]
    fn any_bytes_at_all(head in prop::sample::select(vec![&b""[..], b"epshimTR\x01"]), rest in prop::collection::vec(any::<u8>(), 0..300)) {
        trace(&[head, &rest].concat());
    }
}
