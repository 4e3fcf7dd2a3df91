//! What rustc itself makes of `Event` on every Rust target of the table, also where there is no standard
//! library to build with: the text of the two types is compiled alone, without even `core`, and rustc is
//! asked to print their layout (`rustc_layout`, an internal attribute).
//!
//! That is not a stable interface. A rustc that does not take the harness for its own target skips the test,
//! which says so; the same rule is computed for every row by `epshim-layouts check`.

use epshim_layouts::Table;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The least that rustc needs to know before a structure (as of 1.90 to 1.95).
const LANGUAGE: &str = r#"
#![feature(no_core, lang_items, rustc_attrs)]
#![no_core]
#![crate_type = "lib"]
#[lang = "pointee_sized"] pub trait PointeeSized {}
#[lang = "meta_sized"] pub trait MetaSized: PointeeSized {}
#[lang = "sized"] pub trait Sized: MetaSized {}
#[lang = "copy"] pub trait Copy {}
impl Copy for i32 {}
impl Copy for u32 {}
impl Copy for u64 {}
impl<T: PointeeSized> Copy for *mut T {}
impl Copy for EventData {}
pub enum c_void {}
"#;

/// A type of `src/layout.rs` with its attributes, as written there, but for what needs `core`.
fn text_of(source: &str, heading: &str) -> String {
    let start = source.find(heading).expect("the type is there");
    let end = start + source[start..].find("\n}\n").expect("the type ends") + 3;
    let start = source[..start].rfind("\n\n").map_or(0, |at| at + 2);
    let lines = source[start..end].lines();
    let lines = lines.filter(|line| !line.starts_with("#[derive(") && !line.starts_with("#[doc("));
    format!("#[rustc_layout(debug)]\n{}\n", lines.collect::<Vec<_>>().join("\n"))
}

/// rustc's words on both types for a target.
fn ask(program: &Path, triple: &str) -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.args(["--cap-lints=allow", "--emit=metadata", "-o", "/dev/null", "--target", triple]);
    let output = command.arg(program).env("RUSTC_BOOTSTRAP", "1").output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// The bytes in the first `Size(12 bytes)` or `Align(1 bytes)` after these words, one after the other.
fn bytes_after(text: &str, words: &[&str]) -> Option<u32> {
    let rest = words.iter().try_fold(text, |rest, word| Some(rest.split_once(word)?.1))?;
    rest.split_once(" bytes)")?.0.rsplit_once('(')?.1.parse().ok()
}

#[test]
fn rustc_gives_event_the_layout_of_the_table_on_every_rust_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let layout = fs::read_to_string(root.join("src/layout.rs")).unwrap();
    let event = text_of(&layout, "pub struct Event {");
    let data = text_of(&layout, "pub union EventData {");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layout_alone.rs");
    fs::write(&program, format!("{LANGUAGE}{event}{data}")).unwrap();

    let first = ask(&program, "x86_64-unknown-linux-gnu");
    if !first.contains("layout_of(Event)") || !first.contains("layout_of(EventData)") {
        println!("skipped: this rustc does not take the harness: {first}");
        return;
    }
    let mut asked = 0;
    for row in &Table::golden().rows {
        for triple in &row.target.rust {
            let answer = ask(&program, triple);
            let Some((_, event)) = answer.split_once("layout_of(Event)") else {
                println!("skipped: this rustc has no {triple}");
                continue;
            };
            let (_, data) = answer.split_once("layout_of(EventData)").expect("both or none");
            let second = ["offsets: [", "Size(", "Size"];
            let measured = &row.measured.layout;
            for (field, expected, found) in [
                ("size", measured.size, bytes_after(event, &["size: "])),
                ("align", measured.align, bytes_after(event, &["align: "])),
                ("events_offset", measured.events_offset, bytes_after(event, &second[..1])),
                ("data_offset", measured.data_offset, bytes_after(event, &second)),
                ("data_size", measured.data_size, bytes_after(data, &["size: "])),
                ("data_align", measured.data_align, bytes_after(data, &["align: "])),
            ] {
                assert_eq!(found, Some(expected), "{triple}: {field}: {answer}");
            }
            asked += 1;
        }
    }
    println!("{asked} Rust targets");
    assert!(asked >= 20, "only {asked} targets");
}
