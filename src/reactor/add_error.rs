//! [`AddError`]: the source comes back.

use std::error::Error;
use std::fmt;
use std::io;

/// A source that [`Reactor::add`](super::Reactor::add) could not register, and why.
pub struct AddError<T> {
    /// The source, as it was passed in.
    pub source: T,
    /// What the kernel said.
    pub error: io::Error,
}

impl<T> fmt::Debug for AddError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for AddError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot register the source: {}", self.error)
    }
}

impl<T> Error for AddError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl<T> From<AddError<T>> for io::Error {
    fn from(failure: AddError<T>) -> Self {
        failure.error
    }
}
