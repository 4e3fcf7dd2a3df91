//! A profile of what was seen so far, while the program goes on.

use super::core::Model;
use super::latest::Latest;
use crate::document::{Profile, Program};
use epshim_observe::Nanos;

impl Model {
    /// The profile as if it ended at this time. It has neither the latest turns nor a timeline: they are long, and whoever
    /// asks again and again has the difference of two.
    pub fn so_far(&mut self, at: Nanos, program: Program) -> Profile {
        let latest = std::mem::replace(&mut self.latest, Latest::new(0));
        let columns = self.columns.without_cells();
        let columns = std::mem::replace(&mut self.columns, columns);
        let copy = self.clone();
        (self.latest, self.columns) = (latest, columns);
        let mut profile = copy.finish(at, program);
        (profile.turns, profile.timeline) = Default::default();
        profile
    }
}
