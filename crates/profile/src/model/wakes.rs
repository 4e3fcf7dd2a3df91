//! What becomes of a wake-up's deliveries: a wake-up is wasted if the program called nothing on any of their
//! descriptors until the next delivery there.

use rustc_hash::FxHashMap;

/// A wake-up that nothing was done about yet.
#[derive(Debug, Clone, Copy)]
struct Wake {
    /// Deliveries that may still be served.
    left: u32,
    thread: usize,
}

/// Wake-ups that nothing was done about yet.
#[derive(Debug, Clone, Default)]
pub struct Wakes {
    open: FxHashMap<u64, Wake>,
    latest: u64,
    /// The wake-up that was served last: each call of its turn says so again.
    served: u64,
}

impl Wakes {
    /// A thread was told of this many descriptors. The number of the wake-up.
    pub fn woke(&mut self, deliveries: usize, thread: usize) -> u64 {
        self.latest += 1;
        self.open.insert(self.latest, Wake { left: deliveries as u32, thread });
        self.latest
    }

    /// Something was called on one of its descriptors.
    pub fn served(&mut self, wake: u64) {
        if std::mem::replace(&mut self.served, wake) != wake {
            self.open.remove(&wake);
        }
    }

    /// One of its deliveries is not known any more, as its descriptor was delivered again. Returns whose wake-up was
    /// wasted.
    pub fn passed(&mut self, wake: u64) -> Option<usize> {
        let open = self.open.get_mut(&wake)?;
        open.left -= 1;
        (open.left == 0).then(|| self.open.remove(&wake).map(|wake| wake.thread)).flatten()
    }
}
