//! A run that broke.

use super::run::Ran;
use epshim_observe::fault::Planned;

/// A run that broke.
pub struct Found {
    pub seed: u64,
    pub ran: Ran,
}

impl Found {
    /// Its faults, as a list. Two may have one name: an edge may come twice at one point.
    pub fn planned(&self) -> Vec<Planned> {
        self.ran.made.iter().map(|made| Planned { name: made.name, gives: made.gives }).collect()
    }
}
