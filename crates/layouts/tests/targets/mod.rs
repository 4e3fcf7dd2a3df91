//! The target of fuzzing: any bytes as a compiled file, ELF with DWARF or BTF, or BTF alone. `any_bytes.rs` calls it with
//! spoiled programs, and cargo-fuzz with what it makes up (`fuzz/`).

use epshim_layouts::Table;
use epshim_layouts::compiled::{Question, Refusal, judge_stream};
use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Asks, and looks at the clock. Returns why it is refused.
pub fn ask(bytes: Vec<u8>) -> String {
    static TABLE: OnceLock<Table> = OnceLock::new();
    let table = TABLE.get_or_init(Table::golden);
    let start = Instant::now();
    let question = Question { host: table.rows.first(), ..Question::default() };
    let judged = judge_stream(table, Path::new("/nonexistent/file"), Cursor::new(bytes), &question);
    let reason = match judged {
        Ok(report) => {
            assert!(!report.judged.is_empty() || !report.missing.is_empty());
            String::new()
        }
        Err(Refusal::NotElf(reason) | Refusal::Unjudged(reason)) => {
            assert!(!reason.is_empty());
            reason
        }
    };
    // A thousand times what it takes; this machine may be busy with other things.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    reason
}
