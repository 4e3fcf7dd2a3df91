//! The system call that a thread sleeps in, and what it says of whether the thread has left its loop.

use epshim_attach::calls::{self, Shape};
use std::ops::ControlFlow::{self, Break, Continue};

/// A system call of a blocked thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub number: i64,
    pub arguments: [u64; 6],
    pub sp: u64,
    pub pc: u64,
}

impl Call {
    /// Whether the thread is in its loop still, as far as the call says so. `Continue`: it may have left it.
    pub fn tells(&self) -> ControlFlow<bool> {
        let shape = calls::known(self.number).map_or(Shape::Other, |known| known.shape);
        match shape {
            Shape::File => Break(true),
            // What is written last may go to a pager, which is read when its user likes.
            Shape::Writes if self.arguments[0] as i32 > 2 => Break(true),
            Shape::Writes => Continue(()),
            Shape::Futex => futex(self.arguments),
            // After its loop a program waits for its children, or for a signal, or in another way.
            Shape::Child | Shape::Signal | Shape::Wait | Shape::Ring => Break(false),
            Shape::Reads | Shape::Poll | Shape::Select | Shape::Sleep | Shape::Other => {
                Continue(())
            }
        }
    }
}

/// A mutex that another thread has is waited for without a timeout, by the value 2 (glibc, nptl/lowlevellock.c). Who
/// waits for a thread's end waits for the kernel, which knows no private futexes (pthread_join_common.c).
fn futex([_, operation, value, timeout, ..]: [u64; 6]) -> ControlFlow<bool> {
    const PRIVATE: u64 = 128;
    match (operation as u32 & 0x7f, operation & PRIVATE != 0) {
        (0, true) if value as u32 == 2 && timeout == 0 => Break(true),
        // LOCK_PI, LOCK_PI2
        (6 | 13, _) => Break(true),
        (_, false) => Break(false),
        (_, true) => Continue(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What futex(2) with these arguments says.
    fn futex(operation: u64, value: u64, timeout: u64) -> ControlFlow<bool> {
        let arguments = [0x7000, operation, value, timeout, 0, 0];
        Call { number: libc::SYS_futex, arguments, sp: 0, pc: 0 }.tells()
    }

    #[test]
    fn a_lock_is_no_end_a_join_is_and_a_condition_may_be() {
        const PRIVATE: u64 = 128;
        assert_eq!(futex(PRIVATE, 2, 0), Break(true), "pthread_mutex_lock");
        assert_eq!(futex(6 | PRIVATE, 0, 0), Break(true), "with priority inheritance");
        assert_eq!(futex(9 | 256, 4711, 0), Break(false), "pthread_join: the thread's id");
        assert_eq!(futex(9 | PRIVATE | 256, 0, 0), Continue(()), "pthread_cond_wait");
        assert_eq!(futex(PRIVATE, 2, 0x7ffe), Continue(()), "pthread_mutex_timedlock");
    }

    #[test]
    fn who_waits_for_a_child_has_left_its_loop_and_who_writes_has_not() {
        let call = |number| Call { number, arguments: [5, 0, 0, 0, 0, 0], sp: 0, pc: 0 };
        let to_stdout = Call { arguments: [1, 0, 0, 0, 0, 0], ..call(libc::SYS_write) };
        assert_eq!(call(libc::SYS_wait4).tells(), Break(false));
        assert_eq!(call(libc::SYS_write).tells(), Break(true));
        assert_eq!(to_stdout.tells(), Continue(()), "a pager may be slow");
        assert_eq!(call(libc::SYS_fsync).tells(), Break(true));
        assert_eq!(call(libc::SYS_clock_nanosleep).tells(), Continue(()));
    }
}
