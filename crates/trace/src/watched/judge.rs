//! What the model suspects: the kernel is asked about it, and what came of that is settled.
//!
//! The model is a millisecond behind, the kernel's answers are not. So a verdict waits until all is known that the
//! program has done before the kernel was asked, and only then is it held against the model.

use super::Watched;
use crate::outside::Outside;
use crate::stream::Stream;
use epshim_attach::gather::now;
use epshim_check::Finding;
use epshim_observe::{Answer, Descriptors as _, Nanos, Noted, Site, What};
use std::rc::Rc;

impl Watched {
    /// Asks about what is due, and settles what was asked about before. `known`: until when all is known.
    pub fn judge(&mut self, known: Nanos, stream: &mut Stream) -> Vec<Finding> {
        let mut found = Vec::new();
        if known < self.quiet_until {
            return found;
        }
        let is_answered = self.asked.iter().all(|&(at, _)| at <= known);
        let now_here = known.max(self.latest);
        if is_answered && !self.asked.is_empty() {
            for (_, verdict) in std::mem::take(&mut self.asked) {
                found.extend(self.checker.settle(verdict, now_here, &self.numbers));
            }
            self.tape.note(now_here, self.pid, || What::Looked);
        }
        if is_answered && self.checker.next_due().is_some_and(|due| due <= now_here) {
            self.ask(now_here, stream);
        }
        found.retain(|finding| {
            let surest = self.before.surest(finding.fingerprint());
            !self.off.contains(&finding.rule)
                && surest.is_none_or(|surest| finding.certainty > surest)
        });
        found
    }

    /// Asks the kernel about what is due. What is asked is settled before anything else is: a recording has one look after
    /// the other.
    fn ask(&mut self, now_here: Nanos, stream: &mut Stream) {
        let due = self.checker.due(now_here, &self.numbers);
        self.tape.note(now_here, self.pid, || What::Look);
        for suspicion in due {
            let (questions, pid) = (Rc::clone(&self.questions), self.pid);
            let outside = Outside { questions: &questions, stream, pid, since: now() };
            let note = |answer: &dyn Fn() -> Answer| {
                self.tape.note(now_here, pid, || What::Kernel(answer()));
            };
            let verdict = suspicion.confirm(now_here, &mut Noted::new(outside, note));
            if let Some(finding) = verdict.finding() {
                let generation = self.numbers.state(finding.fd).0;
                self.introductions.confirmed(finding, generation, &questions);
            }
            self.asked.push((now(), verdict));
        }
        if self.asked.is_empty() {
            self.tape.note(now_here, self.pid, || What::Looked);
        }
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
