//! [`Shared`]: a value with several owners, in any threads, as with [`Arc`](alloc::sync::Arc), which ends the
//! process where memory is out. This one's constructor fails.
//!
//! Each owner counts; the last one frees the value. It has nothing else of `Arc`: no weak owners, no
//! way to the value but to read it.

use crate::memory;
use crate::sys::{self, Result};
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, fence,
};

/// One owner of a value.
pub(super) struct Shared<T> {
    inner: NonNull<Inner<T>>,
    /// The last owner drops a `T`.
    owns: PhantomData<Inner<T>>,
}

struct Inner<T> {
    owners: AtomicUsize,
    value: T,
}

// SAFETY: every owner gives out `&T` in its thread, wherefore T is Sync, and any of them may be the one
// that drops the T, wherefore it is Send. The count is atomic.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above: who has a reference to an owner can clone it.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The first owner. `ENOMEM` drops the value.
    pub fn new(value: T) -> Result<Self> {
        let inner = memory::boxed(Inner { owners: AtomicUsize::new(1), value })?;
        Ok(Self { inner: NonNull::from(Box::leak(inner)), owns: PhantomData })
    }

    fn inner(&self) -> &Inner<T> {
        // SAFETY: it is freed by the last owner, and this is one. It is only ever shared.
        unsafe { self.inner.as_ref() }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        // Relaxed: the thread that clones has an owner, so that the value is not freed meanwhile, and the clone
        // reaches another thread by something that orders it.
        let owners = self.inner().owners.fetch_add(1, Relaxed);
        // Memory has no room for that many owners: they were forgotten (`mem::forget`), in a loop. The
        // count must not come round to zero.
        if owners > isize::MAX as usize {
            sys::abort();
        }
        Self { inner: self.inner, owns: PhantomData }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // Release and Acquire: all that the other owners did with the value is done before it is freed.
        if self.inner().owners.fetch_sub(1, Release) == 1 {
            fence(Acquire);
            // SAFETY: it was a box (`new`), and the count says that this was its last owner: nothing
            // refers to it now or later.
            drop(unsafe { Box::from_raw(self.inner.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::thread;

    /// Counts how often it is dropped.
    struct Dropped<'a>(&'a AtomicUsize);

    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn the_last_owner_drops_the_value_whoever_it_is() {
        for first_to_go in 0..3 {
            let drops = AtomicUsize::new(0);
            let one = Shared::new(Dropped(&drops)).unwrap();
            let mut owners = vec![one.clone(), one.clone(), one];
            owners.rotate_left(first_to_go);
            for owner in owners {
                assert_eq!(owner.0.load(Relaxed), 0);
                drop(owner);
            }
            assert_eq!(drops.load(Relaxed), 1);
        }
    }

    #[test]
    fn owners_in_several_threads_see_one_value_and_drop_it_once() {
        let drops = AtomicUsize::new(0);
        let value = Shared::new((AtomicUsize::new(0), Dropped(&drops))).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                let value = value.clone();
                scope.spawn(move || {
                    for _ in 0..100 {
                        value.clone().0.fetch_add(1, Relaxed);
                    }
                });
            }
        });
        assert_eq!((value.0.load(Relaxed), drops.load(Relaxed)), (400, 0));
        drop(value);
        assert_eq!(drops.load(Relaxed), 1);
    }
}
