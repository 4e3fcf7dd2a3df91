//! What the model suspects: the kernel is asked about it, and what came of that is settled.
//!
//! The model is a millisecond behind, the kernel's answers are not. So a verdict waits until all is known that the
//! program has done before the kernel was asked, and only then is it held against the model.

use super::Watched;
use crate::outside::Outside;
use crate::stream::Stream;
use epshim_attach::gather::now;
use epshim_check::Finding;
use epshim_observe::{Nanos, Site, What};
use std::rc::Rc;

impl Watched {
    /// Asks about what is due, and settles what was asked about before. `known`: until when all is known.
    pub fn judge(&mut self, known: Nanos, stream: &mut Stream) -> Vec<Finding> {
        let mut found = Vec::new();
        if known < self.quiet_until {
            return found;
        }
        let (ready, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.asked).into_iter().partition(|&(at, _)| at <= known);
        self.asked = later;
        for (_, verdict) in ready {
            found.extend(self.checker.settle(verdict, known, &self.numbers));
        }
        if self.checker.next_due().is_some_and(|due| due <= known) {
            for suspicion in self.checker.due(known, &self.numbers) {
                let since = now();
                let questions = Rc::clone(&self.questions);
                let pid = self.pid;
                let mut outside = Outside { questions: &questions, stream, pid, since };
                let verdict = suspicion.confirm(known, &mut outside);
                self.asked.push((now(), verdict));
            }
        }
        found.retain(|finding| {
            let surest = self.before.surest(finding.fingerprint());
            surest.is_none_or(|surest| finding.certainty > surest)
        });
        found
    }

    /// The process has ended, and all that it did is known.
    pub fn finish(&mut self, stream: &mut Stream) -> Vec<Finding> {
        let end = now();
        self.observe(end, 0, Site(0), What::Finish);
        let mut found = Vec::new();
        self.quiet_until = 0;
        // What is due at the end, and what becomes of it.
        for _ in 0..2 {
            found.extend(self.judge(now(), stream));
        }
        found
    }
}
