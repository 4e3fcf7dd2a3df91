//! What a record is, and of what kinds there are.

/// 32 bytes: see `record.rs` for what they mean.
pub type Record = [u64; 4];

/// The kinds. A number is never given to another kind.
pub mod kind {
    pub const BYTES: u8 = 1;
    pub const READ: u8 = 2;
    pub const WRITE: u8 = 3;
    pub const ACCEPT: u8 = 4;
    pub const TOUCH: u8 = 5;
    pub const CLOSE: u8 = 6;
    pub const DUP: u8 = 7;
    pub const SHUTDOWN: u8 = 8;
    pub const POLL: u8 = 9;
    pub const POLLED: u8 = 10;
    pub const WAIT: u8 = 11;
    pub const GOT: u8 = 12;
    pub const CTL: u8 = 13;
    pub const CTL_BEGINS: u8 = 14;
    pub const DROPPED: u8 = 15;
    /// Behind one of the others.
    pub const MORE: u8 = 16;
    pub const EMPTY_WAITS: u8 = 17;
}
