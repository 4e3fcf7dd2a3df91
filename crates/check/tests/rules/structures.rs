//! `layout-mismatch`.

use super::{NOTHING, found};

pub fn adds(descriptors: std::ops::Range<u64>, data: impl Fn(u64) -> String) -> String {
    let add = |fd| format!("t1 add 3 {fd} IN {}\n", data(fd));
    "t1 create 3\n".to_owned() + &descriptors.map(add).collect::<String>()
}

#[test]
fn sixteen_bytes_where_the_kernel_takes_twelve_are_suspected_and_then_certain() {
    let shifted = |fd: u64| format!("data={}", fd << 32);
    assert_eq!(found(&adds(5..7, shifted)), NOTHING);
    assert_eq!(found(&adds(5..8, shifted)), ["layout-mismatch suspected 7"]);
    assert_eq!(found(&adds(5..30, shifted)).last().unwrap(), "layout-mismatch certain 12");
}

#[test]
fn twelve_bytes_where_the_kernel_takes_sixteen_are_found_in_the_padding() {
    let early = |fd: u64| format!("data=0 padding={fd}");
    assert_eq!(found(&adds(5..8, early)), ["layout-mismatch suspected 7"]);
    let right = |fd: u64| format!("data={fd} padding={fd}");
    assert_eq!(found(&adds(5..30, right)), NOTHING);
}

#[test]
fn a_generation_or_a_type_beside_the_descriptor_is_the_programs_own() {
    assert_eq!(found(&adds(5..30, |fd| format!("data={}", fd << 32 | (fd % 3)))), NOTHING);
    assert_eq!(found(&adds(5..30, |fd| format!("data={}", fd << 32 | 2))), NOTHING);
    assert_eq!(found(&adds(5..30, |fd| format!("data={fd}"))), NOTHING);
}

#[test]
fn one_registration_that_fits_clears_the_structure() {
    let mixed = |fd: u64| format!("data={}", if fd == 5 { 5 } else { fd << 32 });
    assert_eq!(found(&adds(5..30, mixed)), NOTHING);
}
