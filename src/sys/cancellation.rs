//! Holding off `pthread_cancel`.
//!
//! A cancelled thread is unwound through every frame it is in, also through those that own
//! something, where Rust aborts the process. The plain waits of the C ABI own nothing and may be
//! cancelled. What closes descriptors, runs callbacks or must finish what it began holds the
//! request off until it is done, with the same call that libc's own functions use for that
//! (pthread_setcancelstate(3)).
//!
//! The surprising thing: `write` and `close` are cancellation points too (pthreads(7)).

#[cfg(all(target_os = "linux", not(miri)))]
use libc::c_int;

/// Runs `work` with cancellation held off; a request that comes meanwhile stays pending.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn uncancelled<R>(work: impl FnOnce() -> R) -> R {
    let before = set_state(DISABLE);
    let result = work();
    set_state(before);
    result
}

/// bionic has no `pthread_cancel`, nor has Miri.
#[cfg(any(not(target_os = "linux"), miri))]
pub(crate) fn uncancelled<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// `PTHREAD_CANCEL_DISABLE` of glibc, musl and uClibc (`<pthread.h>`).
#[cfg(all(target_os = "linux", not(miri)))]
const DISABLE: c_int = 1;

#[cfg(all(target_os = "linux", not(miri)))]
fn set_state(state: c_int) -> c_int {
    // The libc crate declares it for other systems only.
    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }
    let mut before = 0;
    // SAFETY: it writes one int, to `before`, and changes nothing but the calling thread's state,
    // which `uncancelled` puts back.
    unsafe { pthread_setcancelstate(state, &raw mut before) };
    before
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::{DISABLE, set_state, uncancelled};

    #[test]
    fn the_state_before_is_put_back_also_when_nested() {
        let state = || {
            let now = set_state(DISABLE);
            set_state(now);
            now
        };
        let outside = state();
        assert_ne!(outside, DISABLE);
        uncancelled(|| {
            assert_eq!(state(), DISABLE);
            uncancelled(|| ());
            assert_eq!(state(), DISABLE);
        });
        assert_eq!(state(), outside);
    }
}
