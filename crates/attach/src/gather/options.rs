//! What may be done to look.

/// What may be done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Copy the harmless descriptors, to ask them for their readiness.
    pub copies: bool,
}
