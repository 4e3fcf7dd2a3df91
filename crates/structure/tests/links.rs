//! Every link of every document leads somewhere: a file or folder of the project, and a heading of it where one is named.
//! Links to other places are not followed: tests need no internet.
//!
//! Documents are read by pulldown-cmark, as what shows them does; a heading's anchor is made as GitHub makes it.

use epshim_structure::Project;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Folders that are made, or that are not ours.
const PASSED_OVER: [&str; 2] = ["target", ".git"];

/// Is a part of docs/performance.md, where its links are looked at.
const PART: &str = "crates/bench/src/results/decisions.md";

/// A document's links, and the anchors of its headings.
#[derive(Debug, Default)]
struct Document {
    links: Vec<String>,
    anchors: BTreeSet<String>,
}

fn read(text: &str) -> Document {
    let mut document = Document::default();
    let mut heading = None;
    let mut seen = BTreeMap::<String, u32>::new();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                document.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&heading.take().unwrap_or_default());
                let count = seen.entry(anchor.clone()).or_default();
                let name = if *count == 0 { anchor } else { format!("{anchor}-{count}") };
                *count += 1;
                document.anchors.insert(name);
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    document
}

/// Small letters, a hyphen for each space, and nothing else but letters, digits, `-` and `_`.
fn anchor(heading: &str) -> String {
    let letters = heading.trim().to_lowercase();
    let kept = letters.chars().filter(|&one| one.is_alphanumeric() || " -_".contains(one));
    kept.map(|one| if one == ' ' { '-' } else { one }).collect()
}

fn collect(folder: &Path, documents: &mut BTreeMap<PathBuf, Document>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("its entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !path.is_symlink() && !PASSED_OVER.contains(&name) {
            collect(&path, documents);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).expect("a document is text");
            documents.insert(path, read(&text));
        }
    }
}

fn documents() -> (PathBuf, BTreeMap<PathBuf, Document>) {
    let folder = Project::here().expect("the project").folder;
    let mut documents = BTreeMap::new();
    collect(&folder, &mut documents);
    documents.remove(&folder.join(PART)).expect("it is there");
    (folder, documents)
}

/// Where a link of a document leads: the file, and the heading.
fn target(document: &Path, link: &str) -> (PathBuf, Option<String>) {
    let (path, heading) = match link.split_once('#') {
        Some((path, heading)) => (path, Some(heading.to_owned())),
        None => (link, None),
    };
    if path.is_empty() {
        return (document.to_owned(), heading);
    }
    let mut file = document.parent().expect("it lies in a folder").to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                file.pop();
            }
            Component::CurDir => {}
            part => file.push(part),
        }
    }
    (file, heading)
}

fn leaves_the_project(link: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|start| link.starts_with(start))
}

#[test]
fn every_link_leads_somewhere() {
    let (folder, documents) = documents();
    let mut wrong = Vec::new();
    for (path, document) in &documents {
        for link in document.links.iter().filter(|link| !leaves_the_project(link)) {
            let (file, heading) = target(path, link);
            let is_there = file.starts_with(&folder) && file.exists();
            let leads = match heading {
                Some(heading) => {
                    documents.get(&file).is_some_and(|one| one.anchors.contains(&heading))
                }
                None => is_there,
            };
            if !leads {
                wrong.push(format!("{}: {link}", path.strip_prefix(&folder).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_index_has_every_document() {
    let (folder, documents) = documents();
    let docs = folder.join("docs");
    let index = docs.join("README.md");
    let text = fs::read_to_string(&index).expect("the index");
    let name = |path: &Path| path.file_name().expect("a document").to_string_lossy().into_owned();
    let missing: Vec<&PathBuf> = documents
        .keys()
        .filter(|path| path.parent() == Some(&docs) && **path != index)
        .filter(|path| !text.contains(&name(path)))
        .collect();
    assert!(missing.is_empty(), "docs/README.md does not name {missing:?}");
    let first = &documents[&folder.join("README.md")].links;
    assert!(
        first.iter().any(|link| link == "docs/README.md"),
        "the README does not name the index"
    );
}

#[test]
fn headings_are_found_as_they_are_linked_to() {
    let text =
        "# 1. `My` server, *now*\n\n## Exit codes\n\n## Exit codes\n\n[a](b.md#c) ![d](e.svg)\n";
    let document = read(text);
    let anchors: Vec<&str> = document.anchors.iter().map(String::as_str).collect();
    assert_eq!(anchors, ["1-my-server-now", "exit-codes", "exit-codes-1"]);
    assert_eq!(document.links, ["b.md#c", "e.svg"]);
    assert_eq!(
        target(Path::new("/p/docs/a.md"), "../b/./c.md#d"),
        (PathBuf::from("/p/b/c.md"), Some("d".to_owned()))
    );
}
