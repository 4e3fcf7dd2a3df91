//! What runs: the program with the preload library, as `epshim check` would have it, and its test.

use super::codes::USAGE;
use crate::args::ChaosOptions;
use crate::launch::{self, Failure, Prepared};
use crate::output::shown;
use epshim_check::Options;
use epshim_check::options::Mode;
use epshim_observe::fault::{Faults, Level, Plan};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program.
pub struct Program {
    prepared: Prepared,
    /// Its name, and what its file is.
    pub identity: (String, String),
    pub faults: Faults,
    pub level: Level,
    /// The file of the call sites that may have faults; `None`: all.
    pub sites: Option<PathBuf>,
}

/// What a run is to do.
#[derive(Debug, Clone, Copy)]
pub enum Luck<'a> {
    /// No fault.
    None,
    /// What a seed draws.
    Seed(u64),
    /// All of these faults that there can be.
    All(Faults),
    /// The faults of a file.
    Plan(&'a Path),
}

impl Program {
    /// Finds it; refuses one that is not that of the replay file.
    pub fn prepare(options: &ChaosOptions, plan: Option<&Plan>) -> Result<Self, Failure> {
        let prepared = launch::prepare(&options.command)?;
        let bytes = fs::read(&prepared.program)
            .map_err(|error| Failure::own(format!("{}: {error}", shown(&prepared.program))))?;
        let hash: String =
            Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let name = prepared.program.file_name().unwrap_or_default().to_string_lossy();
        let name: String = name.split_whitespace().collect::<Vec<_>>().join("-");
        let identity = (name, hash);
        let other = plan.and_then(|plan| plan.program.as_ref()).filter(|other| **other != identity);
        if let Some((name, file)) = other.filter(|_| !options.force) {
            let reason = format!(
                "the replay file is of another build of {name}: {file}, and this is {}. --force replays it \
                 nevertheless",
                identity.1
            );
            return Err(Failure { code: USAGE, reason });
        }
        let level = plan.map_or(options.level.unwrap_or(Level::Polite), |plan| plan.level);
        let wanted = if options.only.is_empty() {
            Faults::of(level)
        } else {
            options.only.iter().copied().collect()
        };
        let not: Faults = options.except.iter().copied().collect();
        let faults = Faults(wanted.0 & !not.0);
        if faults.0 == 0 {
            return Err(Failure { code: USAGE, reason: "no fault is left".to_owned() });
        }
        Ok(Self { prepared, identity, faults, level, sites: None })
    }

    /// The command of a run, whose files are in the folder.
    pub fn command(&self, folder: &Path, luck: Luck<'_>) -> Command {
        let mut wanted = Options {
            mode: Mode::Chaos,
            level: self.level,
            faults: self.faults,
            json: Some(folder.join("findings").to_string_lossy().into_owned()),
            log_path: Some(folder.join("report").to_string_lossy().into_owned()),
            observer: false,
            trace_children: true,
            ..self.prepared.options.clone()
        };
        let ledger = folder.join("ledger");
        let mut more = format!(":ledger={}", ledger.display());
        if let Some(sites) = self.sites.as_ref().filter(|_| !matches!(luck, Luck::Plan(_))) {
            more += &format!(":sites={}", sites.display());
        }
        match luck {
            Luck::None => more += ":rate=0",
            Luck::Seed(seed) => wanted.seed = seed,
            Luck::All(faults) => {
                wanted.faults = faults;
                more += ":rate=100";
            }
            Luck::Plan(path) => more += &format!(":plan={}", path.display()),
        }
        self.prepared.command(&wanted, &more)
    }
}
