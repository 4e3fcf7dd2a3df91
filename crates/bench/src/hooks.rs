//! What a hook adds to a call, in nanoseconds: `hooks.c`, with the library that is preloaded, without anything to tell
//! and checking. What it adds in instructions is a test of `epshim-preload` (`tests/overhead.c`).

use crate::{affinity, programs};
use epshim_harness::preload::Mode;
use std::error::Error;

/// Measures, and prints a line for each call.
pub fn run(pairs: u32) -> Result<(), Box<dyn Error>> {
    let program = programs::hooks()?;
    let library = programs::build("epshim-preload", "libepshim_preload.so")?;
    if let Some((_, load)) = affinity::processors() {
        affinity::pin(load)?;
    }
    for (mode, heading) in [(Mode::Transparent, "nothing to tell"), (Mode::Checking, "checking")] {
        println!(
            "{heading}: libc's own, and what the hook adds, with the 95% interval of the median"
        );
        let mut command = std::process::Command::new(&program);
        mode.set(&mut command, &library);
        let status = command.arg(pairs.to_string()).status()?;
        if !status.success() {
            return Err(format!("hooks: {status}").into());
        }
    }
    Ok(())
}
