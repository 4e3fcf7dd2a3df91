//! The plain table of descriptors.

use epshim_observe::{Descriptors as _, Site, Table, text};

#[test]
fn a_file_that_is_opened_knows_nothing_of_the_one_before() {
    let mut table = Table::default();
    let trace =
        "t1 read 5 3/8 @7\nt1 write 6 2/8 @8\nt1 close 5 @9\nt1 read 5 3/8 @10\nt1 open 5 stream\n";
    for it in text::parse(trace).expect("a trace") {
        table.observe(&it);
    }
    let (open, other) = (table.get(5), table.get(6));
    assert_eq!((open.read, open.partners, open.io), (Site(0), [None; 2], Default::default()));
    assert_eq!((open.generation, open.closed), (1, Site(9)), "these are the number's");
    assert_eq!(other.written, Site(8));
}
