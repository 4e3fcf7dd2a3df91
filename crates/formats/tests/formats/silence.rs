//! The lines that would silence a run, read by what reads suppressions files.

use crate::sample::{PID, finding, run, summary};
use epshim_formats::silence;
use epshim_report::Suppressions;

#[test]
fn each_line_is_there_once_below_what_it_silences() {
    let spin = |line| finding("level-spin", "certain", Some("/home/me/x/src/a.c"), line);
    let other = finding("ghost", "certain", None, 0);
    let text = silence::document(&run(&[spin(25), other, spin(31), summary(PID)]));
    let (_, complaints) = Suppressions::parse(&text);
    assert_eq!(complaints, []);
    assert_eq!(text.matches("\nlevel-spin:on_read\n").count(), 1, "{text}");
    assert_eq!(text.matches("\nghost:on_read\n").count(), 1, "{text}");
    let spins = text.split("\n\n").find(|part| part.contains("level-spin:")).unwrap();
    assert!(spins.starts_with("# src/a.c:25: ") && spins.contains("\n# src/a.c:31: "), "{text}");
    assert!(!text.contains('\x1b') && !text.contains("not written"), "{text}");
    assert!(silence::document(&run(&[])).contains("not written"));
}
