//! Annotations, taken apart as the runner does (actions/runner, ActionCommand.cs).

use crate::sample::whole;
use epshim_formats::github::annotation;
use std::collections::BTreeMap;
use std::path::Path;

/// The command, its properties and its text.
fn taken_apart(line: &str) -> (String, BTreeMap<String, String>, String) {
    let (head, text) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (command, properties) = head.split_once(' ').unwrap();
    let plain = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
    let value = |text: &str| plain(&text.replace("%3A", ":").replace("%2C", ","));
    let pairs = properties.split(',').map(|pair| pair.split_once('=').unwrap());
    let properties = pairs.map(|(name, text)| (name.to_owned(), value(text))).collect();
    (command.to_owned(), properties, plain(text))
}

#[test]
fn a_finding_is_one_line_with_its_path_in_the_repository() {
    let run = whole();
    let lines: Vec<_> =
        run.findings.iter().map(|finding| annotation(finding, Path::new("/home/me/x"))).collect();
    for line in &lines {
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
    }
    let (command, properties, text) = taken_apart(lines[0].trim_end());
    assert_eq!(command, "error");
    let expected = [("file", "src/a b.c"), ("line", "25"), ("title", "epshim: level-spin")];
    assert!(properties.iter().map(|(name, value)| (&**name, &**value)).eq(expected));
    assert!(text.starts_with("100% <wrong>, \"so\": fd 9 & more"), "{text}");
    // No source, and one outside the repository: the annotation is at no file.
    for (line, level) in [(&lines[1], "warning"), (&lines[2], "notice")] {
        let (command, properties, _) = taken_apart(line.trim_end());
        assert_eq!((&*command, properties.len()), (level, 1), "{line}");
    }
}
