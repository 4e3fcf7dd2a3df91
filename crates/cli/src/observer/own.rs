//! What the observer has, and nothing of the program's.

use super::files::Files;
use epshim_page::Page;
use std::os::fd::OwnedFd;

/// What the observer has.
pub struct Own {
    pub page: &'static Page,
    pub memory: OwnedFd,
    /// The process that the command is, and becomes.
    pub launched: OwnedFd,
    pub files: Files,
    pub traces_children: bool,
}
