//! Any bytes are a trace, or a profile, or are refused, and never more than that: a fixed corpus, whole, cut at every
//! place, and changed at random.

use epshim_observe::binary::Writer;
use epshim_observe::text;
use epshim_profile::any_bytes::{of_trace, profile};
use proptest::prelude::*;
use std::sync::LazyLock;

/// What a profile is made of, and times that go back and far ahead.
const TEXT: &str = "\
0ms p7 t1 start 1700000000000000000
0ms p7 t1 mapped /bin/server 0x1000 0x2000 0x3000
0ms p7 t1 create 3 @0x2001
0ms p7 t1 open 5 stream
0ms p7 t1 add 3 5 IN|ET data=5
1ms p7 t1 wait 3
2ms p7 t1 got 5:IN 9:OUT
2ms p7 t1 read 5 8/8
2ms p7 t1 write 5 EAGAIN
3ms p7 t1 empty-waits 3 0+400 7+400 9000+400
4ms p7 t1 wait 3 timeout=5ms
3ms p9 t9 fork 7
3ms p9 t9 close 5
1ms p9 t9 wait 3
18446744073709551615ns p9 t9 got 5:IN
0ms p9 t9 wait 3
2s p7 t2 dropped 3
2s p7 t1 got EBADF at=closed,open
2s p7 t1 wait 3
3s p9 t9 died 9
3s p7 t1 finish
";

const SAMPLE: &str = include_str!("sample.json");

static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    let all = text::parse(TEXT).expect("a trace");
    all.iter().for_each(|it| writer.write(it, &mut bytes));
    vec![TEXT.as_bytes().to_vec(), bytes]
});

#[test]
fn a_trace_may_be_cut_at_every_place() {
    for bytes in CORPUS.iter() {
        (0..=bytes.len()).for_each(|end| of_trace(&bytes[..end]));
    }
}

#[test]
fn a_profile_may_be_cut_and_its_numbers_may_be_any() {
    profile(SAMPLE.as_bytes());
    profile(&SAMPLE.as_bytes()[..SAMPLE.len() / 2]);
    // Each digit 9, and each 0: times that go back, empty sums, places that are not there.
    for digit in ['9', '0'] {
        let is_number = |one: char| one.is_ascii_digit();
        let text: String =
            SAMPLE.chars().map(|one| if is_number(one) { digit } else { one }).collect();
        profile(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_trace_may_be_changed_anywhere(which in 0..2_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = CORPUS[which].clone();
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        of_trace(&bytes);
    }
}
