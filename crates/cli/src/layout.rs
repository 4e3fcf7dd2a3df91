//! `epshim layout`: which question is asked.
//!
//! The host's proof is in `host.rs`, the golden table in `rows.rs`, a sysroot's header in
//! `sysroot.rs`, compiled programs in `binary.rs`; `names.rs` and `machines.rs` find a target by any
//! of its names, `debian.rs` has Debian's, `statement.rs` is what all their answers are made of.
//! `--emit` is the module `emit`.

mod binary;
mod debian;
mod host;
mod machines;
mod names;
mod rows;
mod statement;
mod sysroot;

use crate::args::LayoutOptions;
use crate::emit;
use crate::output::Output;
use epshim_layouts::Table;

pub use debian::folders;
pub use names::{HOST, targets};

/// The answer, or why there is none.
pub fn answer(options: &LayoutOptions) -> Result<Output, String> {
    let table = Table::golden();
    if options.all {
        return Ok(rows::all(&table, options.json));
    }
    let row = || match &options.target {
        Some(name) => names::find(&table, name),
        None => names::host(&table),
    };
    if let Some(language) = options.emit {
        return Ok(Output::text(emit::text(language, row()?), true));
    }
    if !options.binary.is_empty() {
        return binary::judge(&table, options);
    }
    if let Some(folder) = &options.sysroot {
        return sysroot::compare(folder, row()?, options.json);
    }
    if options.target.is_some() {
        return Ok(rows::one(row()?, options.json));
    }
    Ok(host::proof(names::host(&table), options.json))
}
