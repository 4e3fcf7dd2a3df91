//! The target of fuzzing: any bytes as a trace, printed and replayed. It returns nothing, and must not panic nor
//! take memory out of proportion.

use crate::replay::Replay;
use epshim_observe::reading::Reading;
use std::hint::black_box;

/// Reads bytes as a recording or as text, prints each observation, and replays them.
pub fn trace(bytes: &[u8]) {
    let (mut replay, mut reading) = (Replay::default(), Reading::default());
    let mut each = |it: epshim_observe::Observation<'static>| {
        black_box(it.to_string());
        replay.step(&it);
    };
    // In pieces, as from a pipe.
    for piece in bytes.chunks(4096) {
        if reading.more(piece, &mut each).is_err() {
            return;
        }
    }
    if reading.end(&mut each).is_ok() {
        black_box(replay.found());
    }
}
