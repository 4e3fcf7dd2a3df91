//! How full the kernel's queues were at most.

/// The most that was seen in queues; `None`: none was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Queues {
    pub received: Option<u64>,
    pub sent: Option<u64>,
    pub backlog: Option<u64>,
}
