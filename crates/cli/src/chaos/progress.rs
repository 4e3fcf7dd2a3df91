//! The bar of a search, on a terminal only.

use super::total::Total;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A bar.
pub struct Progress(ProgressBar);

impl Progress {
    /// Of this number of runs; `None`: as many as there is time for.
    pub fn new(runs: Option<u64>) -> Self {
        let bar = runs.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = match runs {
            Some(_) => "{bar:20} {pos}/{len} {msg}",
            None => "{spinner} {pos} runs in {elapsed} {msg}",
        };
        bar.set_style(
            ProgressStyle::with_template(template).expect("a template that is a constant"),
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// What is done now.
    pub fn says(&self, what: &str, total: &Total) {
        let (reached, seen) = total.reached();
        let faults = total.faults();
        self.0.set_message(format!("{what}: {faults} faults, {reached} of {seen} call sites"));
    }

    /// A run is over.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// It goes away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
