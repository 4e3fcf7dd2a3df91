//! What is known of a program: its epolls and their registrations, its threads and the waits that they are
//! in, what is on its way between them, and how things went in a row.
//!
//! Facts only. Nothing here suspects anything or names a rule; what a fact means, a rule says.

mod changes;
mod deliveries;
mod delivery;
mod epoll;
mod epolls;
mod former;
mod intent;
mod known;
mod registration;
mod row;
mod thread;
mod ticks;
mod wait;

pub(crate) use deliveries::{Came, Live, Stale};
pub(crate) use delivery::{Delivered, Delivery};
pub(crate) use epoll::Epoll;
pub(crate) use former::Former;
pub(crate) use intent::Intent;
pub(crate) use known::{Model, Moment};
pub(crate) use registration::Registration;
pub(crate) use row::{Row, Run, Zeros};
pub(crate) use thread::Thread;
pub(crate) use wait::{EpollId, Wait};
