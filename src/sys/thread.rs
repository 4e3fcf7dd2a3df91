//! Which thread this is.
//!
//! The surprising thing: not a thread-local variable, which would do as well by its address. In a
//! library that was opened with dlopen(3) its memory is allocated at a thread's first use, and where
//! that is refused glibc ends the process (`elf/dl-tls.c`, `oom`).

/// What no other living thread has: even, and not 0.
#[cfg(not(miri))]
pub(crate) fn this_thread() -> usize {
    // SAFETY: it has no arguments, and cannot fail (pthread_self(3)). It may be called in a signal
    // handler (signal-safety(7)).
    //
    // glibc, musl, uClibc and bionic give the address of the thread's descriptor, which is aligned.
    unsafe { libc::pthread_self() as usize }
}

/// Miri counts its threads, from 0.
#[cfg(miri)]
pub(crate) fn this_thread() -> usize {
    thread_local!(static HERE: u64 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

#[cfg(test)]
mod tests {
    use super::this_thread;
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn no_two_living_threads_are_the_same_and_none_is_odd_or_0() {
        const THREADS: usize = 8;
        let all_live = Barrier::new(THREADS);
        let names: HashSet<_> = thread::scope(|scope| {
            let name = || {
                let name = this_thread();
                all_live.wait();
                assert_eq!(this_thread(), name);
                name
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(name)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(names.len(), THREADS);
        assert!(names.iter().all(|name| name % 2 == 0 && *name != 0), "{names:?}");
    }
}
