//! Programs of a page, each of which was once accused of what it does not do.

use crate::checked::Checked;
use epshim_harness::c_compiler::compile;

#[test]
fn workers_whose_numbers_are_used_again_at_once_are_silent() {
    let sources = ["tests/silence/workers.c"];
    let program = compile(env!("CARGO_MANIFEST_DIR"), &sources, "small_workers", &[]);
    let ended = Checked::start("workers", &[program.to_str().unwrap()]).ends_with(0);
    ended.is_silent();
    // The first event of a connection often comes to a worker before its ADD has returned.
    assert_eq!(ended.not_seen("unknown_deliveries"), 0, "{}", ended.said);
}
