//! The targets of fuzzing: any bytes as a trace of which a profile is made and written in each form, and any bytes as a
//! profile. They return nothing, must not panic, and keep what always holds.

use crate::document::{Profile, Program};
use crate::model::{Model, Options};
use crate::{diff, judge, redact_peers, text, trace};
use epshim_observe::reading::Reading;
use std::hint::black_box;

/// Makes a profile of a recording or a text.
///
/// # Panics
///
/// Where busy, waiting and spinning of a thread are not its time.
pub fn of_trace(bytes: &[u8]) {
    let (mut model, mut reading) = (Model::new(Options::default()), Reading::default());
    let mut each = |it: epshim_observe::Observation<'static>| model.observe(&it);
    // In pieces, as from a pipe.
    for piece in bytes.chunks(4096) {
        if reading.more(piece, &mut each).is_err() {
            return;
        }
    }
    if reading.end(&mut each).is_err() {
        return;
    }
    let mut profile = model.finish(0, Program::default());
    for row in &profile.threads {
        assert_eq!(row.busy + row.waiting + row.spinning, row.to - row.from, "{row:?}");
    }
    judge(&mut profile);
    written(&profile);
}

/// Reads a profile, and writes it again.
pub fn profile(bytes: &[u8]) {
    if let Ok(mut profile) = serde_json::from_slice::<Profile>(bytes) {
        redact_peers(&mut profile);
        judge(&mut profile);
        written(&profile);
    }
}

fn written(profile: &Profile) {
    black_box(text::lines(profile));
    black_box(diff::differences(profile, profile));
    let _ = trace::write(profile, &mut std::io::sink());
}
