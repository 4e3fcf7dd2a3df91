//! Any bytes for what is read: no reader panics, none runs on, and each says nothing rather than more than was there.
//!
//! Each target is a plain function on bytes (`targets/mod.rs`). It is called for a fixed corpus, for random bytes, and for random
//! changes of bytes that are right.

mod targets;

use epshim_interpreters::go::Table as GoTable;
use proptest::prelude::*;
use targets::{go, lines, perf_map, python, texts};

fn all(bytes: &[u8]) {
    lines(bytes);
    texts(bytes);
    python(bytes);
    go(bytes);
    perf_map(bytes);
}

/// A table of Go 1.20 with two functions, right as far as it is read.
fn go_table() -> Vec<u8> {
    let mut table = vec![0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
    let parts: [u64; 8] = [2, 1, 0, 72, 96, 104, 112, 128];
    parts.iter().for_each(|part| table.extend(part.to_le_bytes()));
    table.extend(b"\0main.first\0main.second\0");
    table.resize(96, 0);
    table.extend([0; 8]);
    table.extend(b"/app.go\0");
    // From -1 by 6 to 5, for 0x80 bytes; from -1 by 1 to 0.
    table.extend([0, 12, 0x80, 1, 0, 2, 0x80, 1, 0]);
    table.resize(128, 0);
    for (entry, row) in [(0_u32, 20_u32), (0x40, 64), (0x80, 0)] {
        table.extend(entry.to_le_bytes());
        table.extend(row.to_le_bytes());
    }
    table.truncate(148);
    for name in [1_u32, 12] {
        let row = [0, name, 0, 0, 0, 5, 1, 0, 0, 0, 0];
        row.iter().for_each(|field: &u32| table.extend(field.to_le_bytes()));
    }
    table
}

#[test]
fn a_table_of_go_that_is_right_is_read() {
    let bytes = go_table();
    let table = GoTable::parse(&bytes, 0x1000).expect("a table");
    let place = table.at(0x1041).expect("a function");
    assert_eq!((place.function, place.file, place.line), ("main.second", Some("/app.go"), Some(5)));
    assert_eq!(table.at(0x1000).expect("a function").function, "main.first");
    assert_eq!(table.at(0x1080), None);
    assert_eq!(table.at(0xfff), None);
}

#[test]
fn the_corpus_is_read_without_a_panic() {
    let cookie = b"xdebugpy\xf0\x00\x0e\x03\0\0\0\0\0\0\0\0\0\0\0\0";
    let corpus: [&[u8]; 9] = [
        b"",
        b"\0",
        &[0xff; 300],
        &[0x80; 300],
        &[0; 4096],
        cookie,
        &go_table(),
        b"7f00 10 a\n7f00 ffffffffffffffff b\nffffffffffffffff 1 c\n",
        "\u{fffd}\u{10ffff} 日本".as_bytes(),
    ];
    corpus.into_iter().for_each(all);
    let mut offsets = cookie.to_vec();
    offsets.extend((0..120_u64).flat_map(|number| (number * 8).to_le_bytes()));
    all(&offsets);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        all(&bytes);
    }

    #[test]
    fn a_table_of_go_may_be_changed_anywhere(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = go_table();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        go(&bytes);
    }

    #[test]
    fn offsets_that_cannot_be_are_not_followed(
        minor in 12_u8..17,
        words in prop::collection::vec(prop_oneof![0_u64..400, any::<u64>()], 0..125),
    ) {
        let mut bytes = b"xdebugpy".to_vec();
        bytes.extend((0x0300_00f0_u64 | u64::from(minor) << 16).to_le_bytes());
        bytes.extend([0; 8]);
        words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        python(&bytes);
    }

    #[test]
    fn small_numbers_lead_back_into_the_bytes(bytes in prop::collection::vec(0_u64..600, 1..400)) {
        let bytes: Vec<u8> = bytes.iter().flat_map(|word| word.to_le_bytes()).collect();
        python(&bytes);
    }
}
