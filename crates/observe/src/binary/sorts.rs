//! The sorts of observations, by the byte that stands for each. A number is never given to another sort, and
//! a sort that gets another field gets another number.

use super::fields::{Field, Input};
use crate::answer::Answer;
use crate::observation::What;

/// The observations with named fields, and the answers.
macro_rules! table {
    (
        what { $($sort:literal => $name:ident { $($field:ident),* },)* }
        answer { $($asort:literal => $answer:ident { $($afield:ident),* },)* }
    ) => {
        pub(super) fn sort(what: &What<'_>) -> u8 {
            match what {
                $(What::$name { .. } => $sort,)*
                $(What::Kernel(Answer::$answer { .. }) => $asort,)*
            }
        }

        pub(super) fn put(what: &What<'_>, out: &mut Vec<u8>) {
            match what {
                $(What::$name { $($field),* } => { $($field.put(out);)* })*
                $(What::Kernel(Answer::$answer { $($afield),* }) => { $($afield.put(out);)* })*
            }
        }

        pub(super) fn take(sort: u8, input: &mut Input<'_>) -> Option<What<'static>> {
            Some(match sort {
                $($sort => What::$name { $($field: Field::take(input)?),* },)*
                $($asort => What::Kernel(Answer::$answer { $($afield: Field::take(input)?),* }),)*
                _ => return None,
            })
        }
    };
}

table! {
    what {
        1 => Create { epfd },
        2 => Open { fd, kind, may_block },
        3 => CtlBegins { op, epfd, fd },
        4 => Ctl { op, epfd, fd, events, data, padding, errno, at },
        5 => Wait { epfd, timeout },
        6 => Got { deliveries },
        7 => WaitFailed { errno, at },
        8 => Read { fd, ended },
        9 => Write { fd, ended },
        10 => Touch { fd },
        11 => Accept { fd, accepted },
        12 => Connect { fd, errno },
        13 => Poll { fd, events },
        14 => Polled { fd, ready },
        15 => Shutdown { fd },
        16 => Close { fd, unread },
        17 => Dup { from, to },
        18 => Blocked { fd, call, nanos, is_over },
        19 => Unwritten { fd },
        20 => Hold { fd },
        21 => LetGo { fd },
        22 => Fork { parent },
        23 => Exec {},
        24 => Shared { epfd, other },
        25 => ThreadEnds {},
        26 => Finish {},
        27 => Died { signal },
        28 => Dropped { records },
        29 => Nothing {},
        30 => Start { epoch },
        31 => Look {},
        32 => Looked {},
        33 => Place { frames },
        34 => Callers { addresses },
        35 => Mapped { module, base, start, end },
        40 => ClosedEmpty { fd },
        41 => Unguarded { fd, ready },
        43 => ErrorTaken { fd },
        44 => Unconnected { fd, errno },
        45 => Took { fd },
        46 => StaleUse { fd, errno },
        47 => ClosedInheritable { fd, inode },
        49 => EmptyWaits { epfd, waits },
        50 => Futile { fd, moved },
        51 => Belongs { fd, frames },
        52 => Stalled { epfd, nanos, call, is_over, write_end, read_end },
    }
    answer {
        64 => Poll { fd, ready },
        65 => Fdinfo { epfd, listed },
        66 => Unread { fd, bytes },
        67 => Traffic { fd, traffic },
        68 => File { fd, file },
        69 => Keeper { epfd, fd, keeper },
        70 => BothEnds { fd, has },
        71 => Alive { tid, is },
        72 => OnItsWay { tid, is },
        73 => WasClosed { fd, was },
        74 => Epfd { epfd, is_epoll },
        80 => ProcessorTime { tid, nanos },
        81 => Deaf { fd, thread },
        82 => Holder { inode, holder },
    }
}
