//! The results: as JSON, as plots, and as the Markdown of `docs/performance.md`.

mod machine;
mod markdown;
mod plots;

use crate::alternate::Row;
use crate::scaling::Scaling;
use crate::servers::Outcomes;
use crate::table::Line;
use machine::Machine;
use serde::Serialize;
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

/// What was measured. What was not is empty.
#[derive(Serialize)]
pub struct Results {
    pub machine: Machine,
    pub date: String,
    /// Of this command.
    pub arguments: String,
    pub seconds: f64,
    pub micro: Vec<Row>,
    pub reactor: Vec<Row>,
    pub servers: Vec<Outcomes>,
    /// Peers that could not be measured, and why.
    pub missing: Vec<String>,
    pub table: Vec<Line>,
    pub scaling: Option<Scaling>,
}

impl Results {
    pub fn new() -> Self {
        Self {
            machine: Machine::detect(),
            date: machine::date(),
            arguments: env::args().skip(1).collect::<Vec<_>>().join(" "),
            seconds: 0.0,
            micro: Vec::new(),
            reactor: Vec::new(),
            servers: Vec::new(),
            missing: Vec::new(),
            table: Vec::new(),
            scaling: None,
        }
    }

    /// Prints the Markdown, and writes everything into a folder.
    pub fn write(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(folder)?;
        let plots = plots::draw(self, folder)?;
        let text = markdown::text(self, &plots);
        println!("{text}");
        fs::write(folder.join("performance.md"), text)?;
        fs::write(folder.join("performance.json"), serde_json::to_string_pretty(self)? + "\n")?;
        eprintln!("epshim-bench: performance.md, .json and .svg are in {}", folder.display());
        Ok(())
    }
}
