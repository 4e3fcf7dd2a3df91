//! The results: as JSON, as plots, and as the Markdown of `docs/performance.md`.

mod machine;
mod markdown;
mod measured;
mod plots;

pub use measured::Results;
use std::error::Error;
use std::fs;
use std::path::Path;

/// Prints the Markdown, and writes everything into a folder.
pub fn write(results: &Results, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let plots = plots::draw(results, folder)?;
    let text = markdown::text(results, &plots);
    println!("{text}");
    fs::write(folder.join("performance.md"), text)?;
    fs::write(folder.join("performance.json"), serde_json::to_string_pretty(results)? + "\n")?;
    eprintln!("epshim-bench: performance.md, .json and .svg are in {}", folder.display());
    Ok(())
}
