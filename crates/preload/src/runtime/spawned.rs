//! Whether this process has started others: only then may one of them have a descriptor of it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static HAS_SPAWNED: AtomicBool = AtomicBool::new(false);

/// It has forked, or is a child of vfork that executes a program: that has its parent's memory.
pub fn spawns() {
    HAS_SPAWNED.store(true, Relaxed);
}

/// Whether it has.
pub fn has_spawned() -> bool {
    HAS_SPAWNED.load(Relaxed)
}
