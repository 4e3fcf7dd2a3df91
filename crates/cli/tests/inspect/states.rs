//! The states in which a server that is right is looked at: idle, under load, and under load on a machine that has
//! more to do than processors. `EPSHIM_LOOKS` says how many looks there are in each; a few are enough to see a rule
//! that is wrong, and `make soak` has 200.

use crate::answer::look;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

fn looks() -> usize {
    std::env::var("EPSHIM_LOOKS").ok().and_then(|looks| looks.parse().ok()).unwrap_or(3)
}

/// Looks at processes in each state. `load` asks the server for something, and is called all the time.
pub fn are_silent(name: &str, pids: &[u32], load: impl Fn() + Sync) {
    all_silent(name, "idle", pids);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    load();
                }
            });
        }
        // When an assertion fails, the load must end too.
        let _end = epshim_harness::OnDrop(|| is_over.store(true, Ordering::Relaxed));
        all_silent(name, "under load", pids);
        let _busy = Busy::machine();
        all_silent(name, "under load on a loaded machine", pids);
    });
}

fn all_silent(name: &str, state: &str, pids: &[u32]) {
    for _ in 0..looks() {
        for &pid in pids {
            let found = look(pid, &["--interval", "0.5"]).expect("it runs");
            let graves = found.certain_or_suspected();
            assert_eq!(graves, [""; 0], "{name}, {state}: {:#}", found.object);
        }
    }
    eprintln!("{name}, {state}: {} looks, nothing found", looks() * pids.len());
}

/// Threads that compute, two for each processor, as long as one of the tests of this program wants them.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn machine() -> Arc<Self> {
        static BUSY: Mutex<Weak<Busy>> = Mutex::new(Weak::new());
        let mut busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(busy) = busy.upgrade() {
            return busy;
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let processors = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..processors * 2 {
            let is_over = Arc::clone(&is_over);
            thread::spawn(move || {
                let mut number = 0_u64;
                while !is_over.load(Ordering::Relaxed) {
                    number = black_box(number.wrapping_mul(31).wrapping_add(1));
                }
            });
        }
        let new = Arc::new(Self(is_over));
        *busy = Arc::downgrade(&new);
        new
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
