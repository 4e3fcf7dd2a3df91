//! What kind of input or output a reported call is: `enum tell_io` of the hooks' header.

/// A kind of input or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum IoKind {
    /// Bytes in: read, readv, recv.
    Read,
    /// recvmsg.
    Message,
    /// recvmmsg: counted in messages.
    Messages,
    /// accept.
    Accept,
    /// Bytes out.
    Write,
    /// `MSG_PEEK`, or tee's input: takes nothing.
    Peek,
    /// `MSG_ERRQUEUE`, `MSG_OOB`: takes what lies beside the data.
    Beside,
    /// An ioctl: may take or give anything.
    Control,
}
