//! The other witnesses of a target beside the first C compiler: zig, and libclang through bindgen.
//!
//! Each is asked where it can be, also where `targets.toml` says that its answer does not count: an
//! exception that has ended is then seen. What they say is held against the row of the golden table.

use crate::clang;
use crate::compare::{self, Difference};
use crate::layout::Layout;
use crate::measure::{Compiler, Unmeasured};
use crate::table::{Measured, Target};
use std::path::Path;

/// What one of them says.
pub(crate) enum Opinion {
    /// What the table says; its name and version.
    Agrees(String),
    /// Something else.
    Differs(Vec<Difference>),
    /// Not asked, or not believed, and why.
    ExceptionHolds(String),
    /// It agrees, though `targets.toml` has an exception for it.
    ExceptionCanGo(&'static str),
    /// It is not on this machine.
    Missing(String),
}

/// zig's, with headers of its own where gcc has Debian's.
pub(crate) fn of_zig(target: &Target, measured: &Measured, cache: &Path) -> Opinion {
    if !target.has_zig() {
        return Opinion::ExceptionHolds(format!("zig not asked: {}", target.zig_exception));
    }
    let answer = Compiler::zig(target, cache).and_then(|zig| Ok((zig.measure()?, zig.said_as)));
    let (differences, said_as) = match answer {
        Err(Unmeasured::Missing(reason)) => return Opinion::Missing(reason),
        Err(Unmeasured::Broken(reason)) => (vec![broken(target, "zig", reason)], String::new()),
        Ok((found, said_as)) => {
            (compare::common(&target.name, measured, &found, "zig cc"), said_as)
        }
    };
    judged("zig", "zig_exception", &target.zig_exception, differences, said_as)
}

/// bindgen's, on the headers of the first compiler.
pub(crate) fn of_bindgen(compiler: &Compiler, target: &Target, measured: &Measured) -> Opinion {
    if target.clang.is_empty() {
        return Opinion::ExceptionHolds(format!("bindgen not asked: {}", target.clang_exception));
    }
    let differences = match clang::read(compiler, &target.clang) {
        Err(reason) if clang::is_missing(&reason) => return Opinion::Missing(reason),
        Err(reason) => vec![broken(target, "bindgen", reason)],
        Ok(found) => {
            let mut differences = compare::some(&target.name, measured, &found, "bindgen");
            // "packed" follows from the others.
            for (field, _) in measured.layout.fields().into_iter().filter(|&(f, _)| f != "packed") {
                if !found.contains_key(field) {
                    let reason = format!("no {field} in what it wrote");
                    differences.push(broken(target, "bindgen", reason));
                }
            }
            differences
        }
    };
    judged("bindgen", "clang_exception", &target.clang_exception, differences, clang::version())
}

fn judged(
    who: &'static str,
    key: &'static str,
    exception: &str,
    differences: Vec<Difference>,
    said_as: String,
) -> Opinion {
    match (exception.is_empty(), differences.first()) {
        (true, None) => Opinion::Agrees(said_as),
        (true, Some(_)) => Opinion::Differs(differences),
        (false, None) => Opinion::ExceptionCanGo(key),
        (false, Some(Difference { field, expected, found, .. })) => {
            let still = format!("{field}: expected {expected}, found {found}");
            Opinion::ExceptionHolds(format!("{who} asked, not believed: {exception} ({still})"))
        }
    }
}

/// What the flags that change the layout make of it: `-malign-int: 12, 4, 4; kernel 12, 4, 4`, size,
/// alignment and the place of the data.
///
/// # Errors
///
/// The compiler does not take the flag.
pub(crate) fn with_flags(compiler: &Compiler, target: &Target) -> Result<Vec<String>, Unmeasured> {
    let of_flag = |flag: &String| {
        let mut compiler = compiler.clone();
        compiler.command.push(flag.clone());
        let m = compiler.measure()?;
        let Layout { size, align, data_offset, .. } = m.layout;
        Ok(format!(
            "{flag}: {size}, {align}, {data_offset}; kernel {}, {}, {}",
            m.kernel_size, m.kernel_align, m.kernel_data_offset
        ))
    };
    target.breaking_flags.iter().map(of_flag).collect()
}

/// The names of the first compiler and of those who agree with it.
pub(crate) fn witnesses(
    compiler: &Compiler,
    target: &Target,
    measured: &Measured,
    cache: &Path,
) -> Vec<String> {
    let zig = (!target.compiler.is_empty()).then(|| of_zig(target, measured, cache));
    let bindgen = of_bindgen(compiler, target, measured);
    let others = zig.into_iter().chain([bindgen]).filter_map(|opinion| match opinion {
        Opinion::Agrees(said_as) => Some(said_as),
        _ => None,
    });
    [compiler.said_as.clone()].into_iter().chain(others).collect()
}

fn broken(target: &Target, who: &str, reason: String) -> Difference {
    Difference {
        target: target.name.clone(),
        field: format!("the header in {who}"),
        expected: "that it compiles".into(),
        found: reason,
    }
}
