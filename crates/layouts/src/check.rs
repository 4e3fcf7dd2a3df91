//! The check: every target that this machine can measure against the golden table.
//!
//! A target is checked when its C compiler and bindgen were both asked (bindgen's answer counts where
//! `targets.toml` names no exception), zig where it is on this machine, and `include/epshim.h` compiled.
//! Everything else is skipped, by name and with the reason. Rust's rule and the rendering need no
//! compiler and cover all rows.

use crate::compare::{self, Difference};
use crate::measure::{Compiler, Unmeasured};
use crate::opinions::{self, Opinion};
use crate::table::{Measured, Row, Table, Target};
use crate::{markdown, rust_rule};
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
    Checked(Findings),
    /// Only one of the C compilers was asked.
    Half(Findings, String),
    /// Neither could be asked.
    Skipped(String),
}

/// What was found of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Empty: all is as the table says.
    pub differences: Vec<Difference>,
    /// Other things worth a line.
    pub remarks: Vec<Remark>,
    /// Whether zig was asked and its answer counts.
    pub by_zig: bool,
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
        let broken = |reason| differs(header_differs(target, "<sys/epoll.h>", reason));
        let (compiler, found) = match self.measure(target) {
            Ok(measured) => measured,
            Err(Unmeasured::Missing(reason)) => return self.by_zig_alone(target, golden, reason),
            Err(Unmeasured::Broken(reason)) => return Outcome::Checked(broken(reason)),
        };
        let Some(row) = golden.rows.iter().find(|row| row.target.name == target.name) else {
            return Outcome::Checked(differs(no_row(target)));
        };
        let mut differences = compare::all(&target.name, &row.measured, &found, &compiler.said_as);
        if let Err(reason) = compiles(&compiler, &self.root) {
            differences.push(header_differs(target, "include/epshim.h", reason));
        }
        match opinions::with_flags(&compiler, target) {
            Ok(found) if found == row.measured.with_flags => {}
            Ok(found) => differences.push(flags_differ(row, &found)),
            Err(Unmeasured::Missing(reason) | Unmeasured::Broken(reason)) => {
                differences.push(header_differs(target, "a breaking flag", reason));
            }
        }
        let remarks = version_remarks(target, &row.measured, &found);
        let mut findings = Findings { differences, remarks, by_zig: false };
        if target.compiler.is_empty() {
            findings.by_zig = true;
        } else {
            findings.hear(target, opinions::of_zig(target, &row.measured, &self.cache));
        }
        let bindgen = opinions::of_bindgen(&compiler, target, &row.measured);
        if let Opinion::Missing(reason) = bindgen {
            return Outcome::Half(findings, reason);
        }
        let by_zig = findings.by_zig;
        findings.hear(target, bindgen);
        findings.by_zig = by_zig;
        Outcome::Checked(findings)
    }

    /// A target whose gcc is not here.
    fn by_zig_alone(&self, target: &Target, golden: &Table, missing: String) -> Outcome {
        let row = golden.rows.iter().find(|row| row.target.name == target.name);
        let Some(row) = row.filter(|_| target.has_zig() && target.zig_exception.is_empty()) else {
            return Outcome::Skipped(missing);
        };
        let mut findings = Findings::default();
        match opinions::of_zig(target, &row.measured, &self.cache) {
            Opinion::Missing(_) => return Outcome::Skipped(missing),
            opinion => findings.hear(target, opinion),
        }
        Outcome::Half(findings, missing)
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

    /// Measures one target and asks its other witnesses about the result.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn measure_with_witnesses(&self, target: &Target) -> Result<Measured, Unmeasured> {
        let (compiler, mut measured) = self.measure(target)?;
        measured.with_flags = opinions::with_flags(&compiler, target)?;
        measured.witnesses = opinions::witnesses(&compiler, target, &measured, &self.cache);
        Ok(measured)
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

impl Findings {
    /// Takes up what a witness says. That it was asked counts for zig; bindgen's count is the caller's.
    fn hear(&mut self, target: &Target, opinion: Opinion) {
        let name = &target.name;
        match opinion {
            Opinion::Agrees(_) => self.by_zig = true,
            Opinion::Differs(theirs) => {
                self.by_zig = true;
                self.differences.extend(theirs);
            }
            Opinion::ExceptionHolds(reason) => self.remarks.push(format!("{name}: {reason}")),
            Opinion::ExceptionCanGo(key) => {
                self.remarks.push(format!("{name}: it agrees now; its {key} can go"));
            }
            Opinion::Missing(reason) => self.remarks.push(format!("{name}: {reason}")),
        }
    }
}

fn differs(difference: Difference) -> Findings {
    Findings { differences: vec![difference], ..Findings::default() }
}

fn flags_differ(row: &Row, found: &[String]) -> Difference {
    Difference {
        target: row.target.name.clone(),
        field: "with_flags".into(),
        expected: row.measured.with_flags.join("; "),
        found: found.join("; "),
    }
}

/// `include/epshim.h` asserts the layout itself: whether it compiles.
///
/// # Errors
///
/// The compiler's first complaint.
pub fn compiles(compiler: &Compiler, root: &Path) -> Result<(), String> {
    if compiler.kernel_only {
        // It includes <sys/epoll.h>.
        return Ok(());
    }
    let flags = ["-std=c11".into(), "-I".into(), root.join("include").into_os_string()];
    compiler.accepts(&flags, "#include \"epshim.h\"\n").map_err(|unmeasured| match unmeasured {
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
