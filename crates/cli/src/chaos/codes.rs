//! The exit codes of the command, beside those of [`Failure`](crate::launch::Failure).

/// Something broke.
pub const BROKE: u8 = 1;
/// The options or the replay file are wrong.
pub const USAGE: u8 = 2;
/// The test fails without faults.
pub const BASELINE: u8 = 3;
/// No fault could be made.
pub const NO_FAULT: u8 = 4;
