//! What the options of `check` change of a report.

mod command;

use command::{json, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::products::folder;
use std::fs;
use std::path::Path;

/// A call in a function that is inlined into one that is inlined into one, and so on.
const INLINED: &str = "#include <sys/epoll.h>
#define INLINE static inline __attribute__((always_inline))
INLINE int one(int epfd) { return epoll_ctl(epfd, EPOLL_CTL_DEL, 99, 0); }
INLINE int two(int epfd) { return one(epfd) + 1; }
INLINE int three(int epfd) { return two(epfd) + 1; }
INLINE int four(int epfd) { return three(epfd) + 1; }
int main(void) { return four(epoll_create1(0)) == -1; }
";

/// The text of a report with this number of callers, and the functions in its JSON.
fn functions(folder: &Path, stack: &str) -> (String, Vec<String>) {
    let program = folder.join("inlined");
    let found = folder.join("found");
    let _ = fs::remove_file(&found);
    let mut command = watching(&["check", "--stack", stack, "--json"]);
    let output = command.arg(&found).arg("--").arg(program).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let lines = fs::read_to_string(&found).unwrap();
    let finding = json(lines.lines().next().unwrap_or_else(|| panic!("nothing: {text}")));
    let frames = finding["sites"][0]["frames"].as_array().unwrap();
    let name = |frame: &serde_json::Value| frame["function"].as_str().unwrap_or("?").to_owned();
    (text, frames.iter().map(name).collect())
}

#[test]
fn a_stack_has_as_many_callers_as_were_asked_for_inlined_ones_too() {
    let folder = folder("report-stack");
    compile_text(&folder, "inlined", INLINED, &["-g", "-O1"]);
    let (text, names) = functions(&folder, "0");
    assert!(text.contains("#0 one ") && !text.contains("#1 "), "{text}");
    assert_eq!(names, ["one"]);
    let (text, names) = functions(&folder, "2");
    assert!(text.contains("#2 three ") && !text.contains("#3 "), "{text}");
    assert_eq!(names, ["one", "two", "three"]);
    let (text, names) = functions(&folder, "9");
    assert!(text.contains("#4 main "), "{text}");
    assert_eq!(names[..5], ["one", "two", "three", "four", "main"]);
}

/// A function that is not printed suppresses as one that is.
#[test]
fn a_caller_that_is_not_shown_can_be_suppressed() {
    let folder = folder("report-suppressed");
    let program = compile_text(&folder, "inlined", INLINED, &["-g", "-O1"]);
    let file = folder.join("suppressions");
    fs::write(&file, "ctl-error:four\n").unwrap();
    let mut command = watching(&["check", "--stack", "0", "--suppressions"]);
    let output = command.arg(&file).arg("--").arg(program).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("suppressed by ctl-error:four: 1 finding"), "{text}");
}
