//! The map as it is: each crate, its files with their lines, and the files whose items each of them names.
//!
//! `cargo run -p epshim-structure --example map`, and with the name of a package only that one.

use epshim_structure::{Circle, Project};

fn main() -> Result<(), String> {
    let wanted = std::env::args().nth(1);
    let project = Project::here()?;
    for package in &project.packages {
        if wanted.as_ref().is_some_and(|wanted| *wanted != package.name) {
            continue;
        }
        for root in &package.roots {
            let source = project.read_crate(root)?;
            let total: usize = source.files().iter().map(|file| file.lines).sum();
            println!("{}: {}, {total} lines", package.name, root.display());
            let arrows = source.all_arrows();
            for file in source.files() {
                let names = arrows.iter().filter(|arrow| arrow.from == file.path);
                let names: Vec<_> = names.map(|arrow| arrow.to.display().to_string()).collect();
                println!("{:6}  {:<44} {}", file.lines, file.path.display(), names.join(" "));
            }
            source.circles().iter().for_each(|circle: &Circle| println!("circle: {circle}"));
            println!();
        }
    }
    Ok(())
}
