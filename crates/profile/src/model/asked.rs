//! What was asked from outside of a thread, at a time that the observations have not come to yet.

use super::columns::Of;
use super::core::{Key, Model};
use super::queue::Asked;
use super::thread::{Ran, Unsure};
use epshim_observe::{Nanos, Pid, Site, Tid};

impl Model {
    /// The kernel says how long a thread has been on a processor, and ready to run without one, since its begin.
    pub fn ran(&mut self, at: Nanos, pid: Pid, tid: Tid, on_cpu: Nanos, runnable: Nanos) {
        self.ask(at, (pid, tid), Asked::Ran { on_cpu, runnable });
    }

    /// A thread was seen in this call, or running where it is empty, at these addresses: the innermost first, each as a
    /// return address.
    pub fn sampled(&mut self, at: Nanos, pid: Pid, tid: Tid, call: &str, addresses: &[u64]) {
        let (call, addresses) = (call.to_owned(), addresses.to_owned());
        self.ask(at, (pid, tid), Asked::Sampled { call, addresses });
    }

    fn ask(&mut self, at: Nanos, key: Key, asked: Asked) {
        /// An observation comes within a second.
        const MOST: usize = 16_384;
        let at = at.saturating_sub(*self.begin.get_or_insert(at));
        if self.asked.len() >= MOST {
            self.answer_next();
        }
        self.asked.push_back((at, key, asked));
    }

    pub(super) fn answer_next(&mut self) {
        let Some((at, key, asked)) = self.asked.pop_front() else { return };
        match asked {
            Asked::Sampled { call, addresses } => self.was_sampled(key, at, &call, &addresses),
            Asked::Ran { on_cpu, runnable } => self.has_run(key, Ran { at, on_cpu, runnable }),
        }
    }

    pub(super) fn has_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// To unwind a stack takes time: the turn may be over by now.
    fn was_sampled(&mut self, key: Key, at: Nanos, call: &str, addresses: &[u64]) {
        let thread = self.threads.known(key);
        match thread.filter(|thread| thread.turn_since().is_some_and(|since| since <= at)) {
            Some(thread) => thread.current.sampled(call, addresses),
            None => {
                let processes = &self.processes;
                let frames = |address| processes.frames(key.0, Site(address));
                self.slow.sampled(key, at, call, addresses, frames);
            }
        }
    }

    fn has_run(&mut self, key: Key, now: Ran) {
        let Some(thread) = self.threads.known(key) else { return };
        let place = thread.row;
        let before = thread.ran.replace(now);
        if let Some(Unsure { turn, before, length }) = thread.unsure.take() {
            let (on_cpu, runnable) = since(before, now);
            self.slow.ran(turn, on_cpu.min(length), runnable.min(length));
        }
        let Some(before) = before else { return };
        let (on_cpu, runnable) = since(before, now);
        let row = &mut self.threads.rows[place];
        *row.on_cpu.get_or_insert(0) += on_cpu;
        *row.runnable.get_or_insert(0) += runnable;
        self.columns.spread(place, Of::OnCpu, before.at, now.at, on_cpu);
        self.columns.spread(place, Of::Runnable, before.at, now.at, runnable);
    }
}

const fn since(before: Ran, now: Ran) -> (Nanos, Nanos) {
    (now.on_cpu.saturating_sub(before.on_cpu), now.runnable.saturating_sub(before.runnable))
}
