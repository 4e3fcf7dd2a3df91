//! Faults: the legal bad luck that `epshim chaos` makes. What there is, when each is legal, how one is named so
//! that it can be made again, and which ones a seed asks for.
//!
//! Pure: who makes a fault asks the kernel, fills in a [`Situation`], and makes nothing that [`judge`] refuses.
//!
//! Surprising: a name has no counter of calls in it. Calls shift when another fault is taken away, bytes of a
//! connection do not.

mod draw;
mod kind;
mod legal;
mod level;
mod name;
mod plan;
mod sites;
mod situation;

pub use draw::Draw;
pub use kind::{Fault, Faults, Row};
pub use legal::judge;
pub use level::Level;
pub use name::{Name, Subject};
pub use plan::{Plan, Planned, Unreadable};
pub use sites::Sites;
pub use situation::{Edge, Reason, Situation};
