//! The rules, one file each: its page, the state it keeps, and when it speaks.

pub mod accept_spin;
pub mod blocking_fd;
pub mod ctl_error;
pub mod edge_not_drained;
pub mod epfd_misuse;
pub mod fork_shared;
pub mod ghost;
pub mod hangup_unread;
pub mod layout_mismatch;
pub mod level_spin;
pub mod lost_write;
pub mod oneshot_not_rearmed;
pub mod sub_ms_spin;
