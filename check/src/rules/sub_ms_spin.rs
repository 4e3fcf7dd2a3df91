//! `sub-ms-spin`.

use crate::rule::Explanation;

/// Its page.
pub const EXPLANATION: Explanation = Explanation {
    finds: "Zero timeouts in a row, because a timeout below a millisecond was rounded down.",
    hurts: "\
        epoll_wait counts in milliseconds. The last 0.4 ms before a timer become 0, the wait \
        returns at once, the timer is not due yet, and the loop turns at full speed until it is: \
        one busy millisecond for each timer.",
    evidence: "\
        More than 20 waits with timeout 0 that return nothing within 2 ms, between waits with a \
        positive timeout, and this 10 times a second. Suspected.",
    silent: "\
        Loops that poll with zero timeouts all the time, and those that do so after a full \
        batch: they do not alternate with positive timeouts. Below 10 times a second.",
    fix: "\
        Round up: a wait may be late, never early. Or epoll_pwait2(), which counts in \
        nanoseconds.",
    wrong: r"epoll_wait(epfd, events, 64, (int)(nanoseconds / 1000000));",
    right: r"epoll_wait(epfd, events, 64, (int)((nanoseconds + 999999) / 1000000));",
    manual: "epoll_wait(2), timeout",
    seen: &[
        "https://github.com/tokio-rs/mio/pull/1615",
        "https://github.com/smol-rs/smol/pull/109",
        "https://github.com/python/asyncio/issues/106",
        "https://github.com/oven-sh/bun/pull/34780",
    ],
};
