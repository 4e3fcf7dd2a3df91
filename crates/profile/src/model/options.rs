//! What a model is told before it begins.

use epshim_observe::{MILLISECOND, Nanos, SECOND};

/// What a model is told before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Turns that are longer are slow.
    pub slow: Nanos,
    /// Turns are kept one by one for this long.
    pub keep: Nanos,
}

impl Default for Options {
    fn default() -> Self {
        Self { slow: 100 * MILLISECOND, keep: 30 * SECOND }
    }
}
