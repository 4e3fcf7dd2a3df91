//! What the engine is asked for.

use crate::tap::Tap;
use epshim_check::Rule;
use epshim_observe::Pid;

/// What is asked for.
#[derive(Debug, Default)]
pub struct Asked {
    /// The processes, each named once.
    pub pids: Vec<Pid>,
    /// Rules that are not wanted.
    pub off: Vec<Rule>,
    /// The processes that these have made and make, too.
    pub children: bool,
    /// What the models are told is kept, to be recorded.
    pub records: bool,
    /// Who else is told of all that is observed.
    pub tap: Option<Tap>,
}
