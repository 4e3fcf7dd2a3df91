//! What the observer has, and nothing of the program's.

use super::asked::Asked;
use super::documents::Documents;
use super::files::Files;
use super::profiling::Profiling;
use super::recording::Recording;
use epshim_page::Page;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// What the observer has.
pub struct Own {
    pub page: &'static Page,
    pub memory: OwnedFd,
    /// The process that the command is, and becomes.
    pub launched: OwnedFd,
    pub files: Files,
    pub documents: Option<Documents>,
    pub recording: Option<Recording>,
    /// What is made of it, where that is a profile.
    pub profiling: Option<Profiling>,
    pub traces_children: bool,
    pub asked: Asked,
    /// After this time a loop stands still; `None`: that is not looked for.
    pub stall: Option<Duration>,
}
