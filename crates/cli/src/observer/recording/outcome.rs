//! What became of a recording, and what is to be said of it.

/// What became of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Observations that were lost.
    pub lost: u64,
    /// Processes that were not recorded.
    pub unrecorded: u32,
    /// Why it ended before the program.
    pub failure: Option<String>,
}

impl Outcome {
    /// What is to be said of it, if anything went wrong.
    pub fn complaint(&self) -> Option<String> {
        let mut why = Vec::new();
        if let Some(failure) = &self.failure {
            why.push(format!("it ends early: {failure}"));
        }
        if self.lost > 0 {
            why.push(format!("{} observations had no room, and were lost", self.lost));
        }
        if self.unrecorded > 0 {
            why.push(format!("{} processes are not in it", self.unrecorded));
        }
        (!why.is_empty()).then(|| format!("the recording is not whole: {}", why.join("; ")))
    }
}
