//! The numbers of system calls on x86-64 (asm/unistd_64.h), as in `bpf/calls.bpf.c`. They are the architecture's, not this
//! machine's: records are read anywhere.

pub const READ: u32 = 0;
pub const WRITE: u32 = 1;
pub const CLOSE: u32 = 3;
pub const POLL: u32 = 7;
pub const IOCTL: u32 = 16;
pub const READV: u32 = 19;
pub const WRITEV: u32 = 20;
pub const DUP: u32 = 32;
pub const DUP2: u32 = 33;
pub const SENDFILE: u32 = 40;
pub const CONNECT: u32 = 42;
pub const ACCEPT: u32 = 43;
pub const SENDTO: u32 = 44;
pub const RECVFROM: u32 = 45;
pub const SENDMSG: u32 = 46;
pub const RECVMSG: u32 = 47;
pub const SHUTDOWN: u32 = 48;
pub const GETSOCKOPT: u32 = 55;
pub const EXECVE: u32 = 59;
pub const FCNTL: u32 = 72;
pub const EPOLL_CREATE: u32 = 213;
pub const EPOLL_WAIT: u32 = 232;
pub const EPOLL_CTL: u32 = 233;
pub const PPOLL: u32 = 271;
pub const SPLICE: u32 = 275;
pub const EPOLL_PWAIT: u32 = 281;
pub const ACCEPT4: u32 = 288;
pub const EPOLL_CREATE1: u32 = 291;
pub const DUP3: u32 = 292;
pub const RECVMMSG: u32 = 299;
pub const SENDMMSG: u32 = 307;
pub const EXECVEAT: u32 = 322;
pub const CLOSE_RANGE: u32 = 436;
pub const EPOLL_PWAIT2: u32 = 441;
/// No system call: a process was made, whose id is the result.
pub const FORKED: u32 = 1 << 16;
/// No system call: the first thread of a process ends.
pub const EXITED: u32 = FORKED + 1;
