//! `end-not-asked`.

use super::{NOTHING, found};

/// So many connections that are registered for this from one call, whose peers end them, and what comes then.
pub fn ended(connections: u32, interest: &str, then: &str) -> String {
    let added: String = (5..5 + connections)
        .map(|fd| format!("t1 add 3 {fd} {interest} @9\n kernel poll {fd} RDHUP|OUT\n"))
        .collect();
    format!("0ms t1 create 3\n {added} t1 wait 3\n {then}\n 30s end")
}

#[test]
fn an_end_that_nobody_is_told_of_is_a_note_and_five_of_one_call_are_suspected() {
    assert_eq!(found(&ended(1, "nothing", "")), ["end-not-asked note 5"]);
    assert_eq!(found(&ended(4, "nothing", "")), ["end-not-asked note 5"]);
    assert!(found(&ended(5, "nothing", "")).contains(&"end-not-asked suspected 5".to_owned()));
    assert!(found(&ended(5, "OUT|ET", "")).contains(&"end-not-asked suspected 5".to_owned()));
}

#[test]
fn who_asks_is_told() {
    assert_eq!(found(&ended(5, "RDHUP", "")), NOTHING);
    let resumes = "4s t2 mod 3 5 IN\n t2 read 5 0/8\n t2 close 5";
    assert_eq!(found(&ended(1, "nothing", resumes)), NOTHING);
    assert_eq!(found(&ended(1, "nothing", "t1 create 4\n t1 add 4 5 IN")), NOTHING);
}

#[test]
fn a_close_or_a_hang_up_or_a_write_under_way_is_no_such_thing() {
    assert_eq!(found(&ended(1, "nothing", "3s t2 close 5")), NOTHING);
    assert_eq!(found(&ended(1, "nothing", "kernel poll 5 RDHUP|HUP")), NOTHING);
    assert_eq!(found(&ended(1, "OUT", "kernel poll 5 RDHUP")), NOTHING);
    assert_eq!(found(&ended(1, "nothing", "kernel poll 5 OUT")), NOTHING);
}

#[test]
fn a_program_that_holds_back_its_input_knows_what_it_does() {
    let proxies = "t2 add 3 20 OUT @10\n t2 write 20 3/8";
    let found = found(&ended(1, "nothing", proxies));
    assert!(!found.iter().any(|line| line.starts_with("end-not-asked")), "{found:?}");
}
