//! Two looks side by side: what has not moved between them, who waits on which epoll, which thread spins, and which
//! registrations are ready in both. All verdicts are made of these.
//!
//! Whatever is not known (a call that may not be read, a process that may not be asked) counts against a verdict:
//! an epoll on which someone *may* wait is waited on.
//!
//! Surprising: a thread that spins never shows its call. It is known by what it does not do (it never gives the
//! processor up) and by its time, run and queued, which is all there was: on a busy machine it runs little.

mod owners;
mod pair;
mod ready;
mod spin;
mod wait;

pub use owners::Owners;
pub use pair::Scene;
pub use ready::Ready;
pub use spin::Spin;
pub use wait::Waiting;
