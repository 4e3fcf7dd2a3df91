//! The check: every target that this machine can measure against the golden table.
//!
//! A target is checked when its C compiler and bindgen were both asked (bindgen's answer counts where
//! `targets.toml` names no exception), and `include/epshim.h` compiled. Everything else is skipped, by
//! name and with the reason. Rust's rule and the rendering need no compiler and cover all rows.

use crate::compare::{self, Difference};
use crate::measure::{Compiler, Header, Unmeasured, run};
use crate::table::{Measured, Row, Table, Target};
use crate::{clang, markdown, rust_rule};
use std::fs;
use std::path::{Path, PathBuf};

/// The files that the check reads.
#[derive(Debug, Clone)]
pub struct Project {
    /// The repository.
    pub root: PathBuf,
    /// Where `install.sh` unpacks musl, and where object files go for a moment.
    pub cache: PathBuf,
}

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Asked completely.
    Checked(Vec<Difference>, Vec<Remark>),
    /// The C compiler was asked, libclang not.
    Half(Vec<Difference>, String),
    /// Neither could be asked.
    Skipped(String),
}

/// Something worth a line that is no difference.
pub type Remark = String;

impl Project {
    /// The repository that this crate was built in.
    #[must_use]
    pub fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .expect("crates/layouts lies in it");
        Self { root: root.to_owned(), cache: root.join("target/layouts") }
    }

    /// Measures one target and holds it against its row.
    #[must_use]
    pub fn check(&self, target: &Target, golden: &Table) -> Outcome {
        let (compiler, found) = match self.measure(target) {
            Ok(measured) => measured,
            Err(Unmeasured::Missing(reason)) => return Outcome::Skipped(reason),
            Err(Unmeasured::Broken(reason)) => {
                return Outcome::Checked(
                    vec![header_differs(target, "<sys/epoll.h>", reason)],
                    vec![],
                );
            }
        };
        let Some(row) = golden.rows.iter().find(|row| row.target.name == target.name) else {
            return Outcome::Checked(vec![no_row(target)], vec![]);
        };
        let mut differences = compare::all(&target.name, &row.measured, &found, &target.compiler);
        if let Err(reason) = compiles(&compiler, &self.root) {
            differences.push(header_differs(target, "include/epshim.h", reason));
        }
        let mut remarks = version_remarks(target, &row.measured, &found);
        match second_opinion(&compiler, target, row) {
            Opinion::Differs(theirs) => differences.extend(theirs),
            Opinion::Agrees => {}
            Opinion::ExceptionHolds(reason) => remarks.push(format!("{}: {reason}", target.name)),
            Opinion::ExceptionCanGo => {
                let name = &target.name;
                remarks.push(format!("{name}: bindgen agrees now; its clang_exception can go"));
            }
            Opinion::NoLibclang(reason) => return Outcome::Half(differences, reason),
        }
        Outcome::Checked(differences, remarks)
    }

    /// Measures one target with its C compiler.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn measure(&self, target: &Target) -> Result<(Compiler, Measured), Unmeasured> {
        let compiler = Compiler::of(target, &self.cache)?;
        let measured = compiler.measure()?;
        Ok((compiler, measured))
    }

    /// What can be checked without any compiler: `src/layout.rs` on all rows, the description of the
    /// targets, and the rendering for people.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or judged.
    pub fn check_text(
        &self,
        golden: &Table,
        targets: &[Target],
    ) -> Result<Vec<Difference>, String> {
        let read = |file: &str| {
            let path = self.root.join(file);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let mut differences = rust_rule::differences(&read("src/layout.rs")?, golden)?;
        for row in &golden.rows {
            if !targets.contains(&row.target) {
                differences.push(Difference {
                    target: row.target.name.clone(),
                    field: "its description".into(),
                    expected: "the one in crates/layouts/targets.toml".into(),
                    found: "another in docs/layouts.toml (bless it)".into(),
                });
            }
        }
        if read("docs/layouts.md")? != markdown::render(golden) {
            differences.push(Difference {
                target: "docs/layouts.md".into(),
                field: "text".into(),
                expected: "what docs/layouts.toml renders to".into(),
                found: "something else (bless it)".into(),
            });
        }
        Ok(differences)
    }
}

enum Opinion {
    Agrees,
    Differs(Vec<Difference>),
    ExceptionHolds(Remark),
    ExceptionCanGo,
    NoLibclang(String),
}

fn second_opinion(compiler: &Compiler, target: &Target, row: &Row) -> Opinion {
    let is_exception = !target.clang_exception.is_empty();
    if target.clang.is_empty() {
        return Opinion::ExceptionHolds(format!("bindgen not asked: {}", target.clang_exception));
    }
    let differences = match clang::read(compiler, &target.clang) {
        Err(reason) if clang::is_missing(&reason) => return Opinion::NoLibclang(reason),
        Err(reason) => vec![header_differs(target, "<sys/epoll.h> in bindgen", reason)],
        Ok(found) => {
            let mut differences = compare::some(&target.name, &row.measured, &found, "bindgen");
            for field in
                ["size", "align", "events_offset", "data_offset", "data_size", "data_align"]
            {
                if !found.contains_key(field) {
                    let reason = format!("no {field} in what it wrote");
                    differences.push(header_differs(target, "<sys/epoll.h> in bindgen", reason));
                }
            }
            differences
        }
    };
    match (is_exception, differences.is_empty()) {
        (false, true) => Opinion::Agrees,
        (false, false) => Opinion::Differs(differences),
        (true, true) => Opinion::ExceptionCanGo,
        (true, false) => {
            let Difference { field, expected, found, .. } = &differences[0];
            let reason = &target.clang_exception;
            let still = format!("{field}: expected {expected}, found {found}");
            Opinion::ExceptionHolds(format!("bindgen asked, not believed: {reason} ({still})"))
        }
    }
}

/// `include/epshim.h` asserts the layout itself: whether it compiles.
///
/// # Errors
///
/// The compiler's first complaint.
pub fn compiles(compiler: &Compiler, root: &Path) -> Result<(), String> {
    let mut command = compiler.command(Header::Libc);
    command.args(["-std=c11", "-fsyntax-only", "-x", "c", "-I"]).arg(root.join("include")).arg("-");
    run(command, "#include \"epshim.h\"\n").map(drop).map_err(|unmeasured| match unmeasured {
        Unmeasured::Missing(reason) | Unmeasured::Broken(reason) => reason,
    })
}

fn header_differs(target: &Target, header: &str, reason: String) -> Difference {
    Difference {
        target: target.name.clone(),
        field: header.to_owned(),
        expected: "that it compiles".into(),
        found: reason,
    }
}

fn no_row(target: &Target) -> Difference {
    Difference {
        target: target.name.clone(),
        field: "row".into(),
        expected: "one in docs/layouts.toml".into(),
        found: "none (bless it)".into(),
    }
}

fn version_remarks(target: &Target, expected: &Measured, found: &Measured) -> Vec<Remark> {
    let pairs = [
        ("C library", &expected.libc_version, &found.libc_version),
        ("Linux headers", &expected.linux_headers, &found.linux_headers),
    ];
    let changed = pairs.iter().filter(|(_, expected, found)| expected != found);
    let remark = |&(what, expected, found): &(&str, &String, &String)| {
        format!("{}: measured with {what} {found}, the table was with {expected}", target.name)
    };
    changed.map(remark).collect()
}
