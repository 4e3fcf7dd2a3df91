//! What is read: a frame, and of which language.

/// A language whose frames are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// CPython.
    Python,
    /// Go.
    Go,
}

impl Language {
    /// Its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Go => "go",
        }
    }

    /// Its name in sentences.
    #[must_use]
    pub const fn shown(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Go => "Go",
        }
    }
}

/// A frame of the language's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The file as the program names it.
    pub file: Option<String>,
    /// The function.
    pub function: String,
    /// The line.
    pub line: Option<u32>,
    /// Whether it is the user's own code, and not a library's.
    pub is_users: bool,
}
