//! Why no program runs: the reason, for stderr, and the exit code, which is that of env(1) for the same, so
//! that `epshim check` can stand before any command.

/// Why there is no program to run, and the exit code that says so: those of env(1) and stdbuf(1).
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub reason: String,
}

impl Failure {
    /// This command failed, or refuses.
    pub const OWN: u8 = 125;

    pub fn own(reason: impl Into<String>) -> Self {
        Self { code: Self::OWN, reason: reason.into() }
    }

    pub fn cannot_invoke(reason: impl Into<String>) -> Self {
        Self { code: 126, reason: reason.into() }
    }

    pub fn not_found(reason: impl Into<String>) -> Self {
        Self { code: 127, reason: reason.into() }
    }
}
