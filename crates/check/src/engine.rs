//! Suspicions on their way: raised, merged with those that are alike, waiting for their time, handed out to
//! be confirmed, settled, counted.
//!
//! It knows no rule but by number. What a suspicion means, its [`Case`] says.

mod about;
mod finding;
mod hooks;
mod queue;
mod raise;
mod rule;
mod settle;
mod suspicion;
mod tally;

pub(crate) use about::{About, NO_WAITER, Stamp, Standing};
pub(crate) use finding::Answer;
pub use finding::{Advice, Finding, Role};
pub use hooks::BLOCKS;
pub(crate) use hooks::{Blocked, Hook, Hooks, Record, Stalled};
pub(crate) use raise::Engine;
pub(crate) use rule::Share;
pub use rule::{Certainty, Explanation, Rule};
pub(crate) use suspicion::{Case, News};
pub use suspicion::{Suspicion, Verdict};
pub use tally::{Fingerprint, Tally};
