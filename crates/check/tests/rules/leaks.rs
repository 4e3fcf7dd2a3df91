//! `epoll-leak`.

use super::{NOTHING, found};

/// So many epolls that one call has made, and what becomes of each.
pub fn epolls(times: u32, each: &str) -> String {
    let all: String = (10..10 + times)
        .map(|epfd| {
            let made = format!("t1 create {epfd} @7\n t1 add {epfd} 5 IN\n t1 wait {epfd}\n");
            made + &each.replace("EPFD", &epfd.to_string()) + "\n"
        })
        .collect();
    format!("0ms {all} 9s end")
}

#[test]
fn epolls_that_were_used_once_and_are_open_still_are_lost() {
    assert_eq!(found(&epolls(64, "t1 got 5:IN")), ["epoll-leak note -1"]);
    assert_eq!(found(&epolls(256, "t1 got 5:IN")), ["epoll-leak suspected -1"]);
}

#[test]
fn those_that_are_closed_or_few_or_were_never_used_are_none() {
    assert_eq!(found(&epolls(600, "t1 got 5:IN\n t1 close EPFD")), NOTHING);
    assert_eq!(found(&epolls(63, "t1 got 5:IN")), NOTHING);
    assert_eq!(found(&epolls(600, "t1 got nothing")), NOTHING, "made in advance");
}

#[test]
fn those_that_threads_wait_on_are_a_pool() {
    let waiting = "t1 got 5:IN\n tEPFD wait EPFD";
    assert_eq!(found(&epolls(100, waiting)), NOTHING);
}
