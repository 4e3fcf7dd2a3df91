//! What `EPSHIM_OPTIONS` asks of the preload library. The options are epshim-check's, and more
//! that are not for users: some are for the command, some for the tests.

use epshim_check::Options as Check;
use epshim_check::options::Complaint;

/// The keys that are not in the table.
const OURS: [&str; 12] = [
    "collect",
    "fail_alloc_after",
    "ledger",
    "page",
    "page_only",
    "panic_after",
    "panic_in_monitor",
    "plan",
    "process",
    "rate",
    "record",
    "sites",
];

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// Those of the table.
    pub check: Check,
    /// What was wrong with them.
    pub complaints: Vec<Complaint>,
    /// `fail_alloc_after=N`, for tests: the kernel gives no memory from the N-th request on.
    pub fail_alloc_after: Option<u64>,
    /// `panic_after=N`, for tests: the book-keeping of the N-th reported call panics.
    pub panic_after: Option<u64>,
    /// `panic_in_monitor=1`, for tests: the monitor thread panics.
    pub panic_in_monitor: bool,
    /// `process=PID`, from `epshim check`: the process that the program is. With `trace_children=0`
    /// only what runs in this process is watched.
    pub process: Option<i32>,
    /// `page=PID.FD`, from `epshim check`: the observer, and its descriptor of the page.
    pub page: Option<(i32, i32)>,
    /// `collect=/proc/PID/fd/N#DEVICE-INODE`, likewise: where JSON lines go of which documents are made.
    pub collect: Option<String>,
    /// `record=PID.FD`, likewise: the rings.
    pub record: Option<(i32, i32)>,
    /// `ledger=PATH`, from `epshim chaos`: where the faults are written down.
    pub ledger: Option<String>,
    /// `plan=PATH`, likewise: the faults that are to be made.
    pub plan: Option<String>,
    /// `sites=PATH`, likewise: the call sites that may have faults.
    pub sites: Option<String>,
    /// `rate=N`, likewise, and for tests: percent of the cases in which a fault is made.
    pub rate: Option<u8>,
    /// `page_only=1`, likewise: the observer's files are another command's.
    pub page_only: bool,
}

impl Options {
    /// Reads the options.
    pub fn parse(text: &str) -> Self {
        let (check, complaints) = Check::parse(text);
        let mut options = Self { check, ..Self::default() };
        for option in text.split([':', ' ', '\t', '\n']) {
            match option.split_once('=') {
                Some(("fail_alloc_after", value)) => options.fail_alloc_after = value.parse().ok(),
                Some(("panic_after", value)) => options.panic_after = value.parse().ok(),
                Some(("panic_in_monitor", value)) => options.panic_in_monitor = value == "1",
                Some(("process", value)) => options.process = value.parse().ok(),
                Some(("page_only", value)) => options.page_only = value == "1",
                Some(("collect", value)) => options.collect = Some(value.to_owned()),
                Some(("ledger", value)) => options.ledger = Some(value.to_owned()),
                Some(("plan", value)) => options.plan = Some(value.to_owned()),
                Some(("sites", value)) => options.sites = Some(value.to_owned()),
                Some(("rate", value)) => options.rate = value.parse().ok(),
                Some(("page", value)) => options.page = pair(value),
                Some(("record", value)) => options.record = pair(value),
                _ => {}
            }
        }
        let is_ours = |complaint: &Complaint| matches!(complaint, Complaint::UnknownKey { key, .. } if OURS.contains(&key.as_str()));
        options.complaints = complaints.into_iter().filter(|one| !is_ours(one)).collect();
        options
    }

    /// Whether the options are for this process.
    pub fn is_watching(&self, process: i32) -> bool {
        self.check.trace_children || self.process.is_none_or(|program| program == process)
    }
}

/// Two numbers with a point between them.
fn pair(value: &str) -> Option<(i32, i32)> {
    let (one, other) = value.split_once('.')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}
