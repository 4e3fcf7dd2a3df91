//! Any text is options or is complained of, and what is written of options is read as the same.

mod targets;

use proptest::prelude::*;
use targets::read_options;

const CORPUS: [&str; 6] = [
    "mode=check:only=ghost,level-spin:json=\"/var/log/with:colon.json\"",
    "log=\"a \\\"b\\\" \\\\\":color=never stack-depth=8\tsuppressions=/x",
    "only=:=a:a=:\"\":json=\"",
    "# a comment\nghost fn:close_all\nlevel-spin file:*/vendor/*\n\nno-such-rule *\n",
    "mode=\u{1b}[31m",
    "",
];

#[test]
fn the_corpus_whole_and_cut_at_every_place() {
    for text in CORPUS {
        for end in 0..=text.len() {
            read_options(&text.as_bytes()[..end]);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_at_all(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_options(&bytes);
    }

    #[test]
    fn the_corpus_changed(
        which in 0..CORPUS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = CORPUS[which].as_bytes().to_vec();
        for (place, byte) in changes {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        read_options(&bytes);
    }
}
