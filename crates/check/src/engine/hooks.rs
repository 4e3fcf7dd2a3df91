//! What a rule is, to the engine: one record. And what it may listen to: each hook is a function of the
//! rule's, called when that has happened and was written down. A rule pays for nothing that it does not
//! listen to, and one that is off for nothing at all.

use crate::engine::raise::Engine;
use crate::engine::rule::{Certainty, Explanation};
use crate::model::{Delivered, Delivery, EpollId, Live, Moment, Run, Stale, Wait};
use epshim_observe::{AtFailure, Call, Ctl, Descriptors, Fd, Io, MILLISECOND, Nanos, Site};

/// A rule. What it keeps of one suspicion, and how it judges that, is its [`Case`](crate::engine::Case).
#[derive(Debug)]
pub(crate) struct Record {
    /// Its name in reports, options and suppressions.
    pub name: &'static str,
    /// How sure its findings can be, the surest first.
    pub emits: &'static [Certainty],
    pub listens: &'static [Hook],
    pub page: Explanation,
}

/// A call that takes longer than this has blocked.
pub const BLOCKS: Nanos = 10 * MILLISECOND;

/// A thread that blocks, or has blocked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocked {
    pub fd: Fd,
    pub call: Call,
    pub nanos: Nanos,
    pub is_over: bool,
    pub site: Site,
}

/// A thread that did not wait, while something in its epoll was ready.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stalled<'a> {
    pub epfd: Fd,
    pub nanos: Nanos,
    /// What it slept in; empty: it computed.
    pub call: &'a str,
    /// It waits again, or has ended.
    pub is_over: bool,
    /// The ends of a full pipe of its own in which it sleeps, that for writing first.
    pub pipe: Option<(Fd, Fd)>,
    pub site: Site,
}

macro_rules! hooks {
    ($($(#[$doc:meta])* $hook:ident, $list:ident($($with:ty),*);)*) => {
        /// What can be listened to, and who listens.
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Hook {
            $($(#[$doc])* $hook(fn(&mut Engine, $($with),*)),)*
        }

        /// Those who listen to each.
        #[derive(Debug, Default)]
        pub(crate) struct Hooks {
            $(pub $list: Vec<fn(&mut Engine, $($with),*)>,)*
        }

        impl Hooks {
            pub fn add(&mut self, hook: &Hook) {
                match *hook {
                    $(Hook::$hook(listener) => self.$list.push(listener),)*
                }
            }
        }
    };
}

hooks! {
    /// A registration was delivered again, and nothing came of the delivery before.
    Again, again(&Delivered, &Live, &dyn Descriptors);
    /// A registration of an epoll that several threads wait on was delivered.
    Given, given(&Delivered, &Live, &dyn Descriptors);
    /// A thread has read bytes of what it was asked to be told of.
    Took, took(&Moment<'_>, Fd, Site);
    /// A thread has used what it has closed since the same wait delivered it; this errno was returned.
    StaleUse, stale_use(&Moment<'_>, Fd, i32, Site);
    /// A listener was delivered.
    Woken, woken(&Delivered, &Live, &dyn Descriptors);
    /// What was delivered is, or may be, of a closed descriptor.
    Stale, stale(&Delivered, Stale, &dyn Descriptors);
    /// A thread is about to wait again, and leaves a one-shot fired that its last wait delivered;
    LeftFired, left_fired(&Moment<'_>, EpollId, Fd);
    /// or an edge-triggered registration, with this delivery and this input and output.
    LeftEdge, left_edge(&Moment<'_>, EpollId, Fd, Delivery, Io);
    /// A thread makes a call: it changed something, unless it waits or fails.
    Called, called(&Moment<'_>, Option<&Ctl>);
    /// A wait begins that ends a run of zero timeouts; whether the same call has made those.
    Zeros, zeros(&Moment<'_>, &Wait, Run, bool);
    /// A wait begins with a timeout below -1, where the thread has passed others.
    BelowNone, below_none(&Moment<'_>, &Wait);
    /// A thread has waited thousands of times more, and was given nothing.
    ManyEmpty, many_empty(&Moment<'_>, &Wait);
    /// A wait has ended without a delivery,
    WaitedInVain, waited_in_vain(&Moment<'_>, &Wait);
    /// or failed.
    WaitFailed, wait_failed(&Moment<'_>, &Wait, AtFailure);
    /// An epoll was made, here.
    Created, created(&Moment<'_>, Fd, Site);
    /// `epoll_ctl` returned 0,
    CtlMade, ctl_made(&Moment<'_>, &Ctl);
    /// or failed.
    CtlFailed, ctl_failed(&Moment<'_>, &Ctl, AtFailure);
    /// A write to this descriptor was short or found no room.
    Unwritten, unwritten(&Moment<'_>, Fd);
    /// `connect` has returned, with this errno or 0.
    Connected, connected(&Moment<'_>, Fd, i32, Site);
    /// A write to a socket that is not connected has failed, with this errno.
    Unconnected, unconnected(&Moment<'_>, Fd, i32, Site);
    Blocked, blocked(&Moment<'_>, Blocked);
    /// A descriptor is closed after a hang-up, with this number of bytes unread.
    ClosedUnread, closed_unread(&Moment<'_>, Fd, u64, Site);
    /// A registered stream is closed that programs inherit which the process executes; its inode.
    ClosedInheritable, closed_inheritable(&Moment<'_>, Fd, u64, Site);
    /// A datagram socket is closed after an empty datagram.
    ClosedEmpty, closed_empty(&Moment<'_>, Fd, Site);
    /// A write is about to be made that may end the program by `SIGPIPE`; poll(2) says this of it.
    Unguarded, unguarded(&Moment<'_>, Fd, u32, Site);
    /// A thread called a descriptor in vain, after many calls, of which this number had moved something.
    Futile, futile(&Moment<'_>, Fd, u32, Site);
    /// A thread did not wait, though something was ready.
    Stalled, stalled(&Moment<'_>, &Stalled<'_>);
    /// An epoll's descriptor is closed.
    EpollClosed, epoll_closed(&Moment<'_>, Fd, Site);
    /// Another process and this one both changed an epoll since the fork.
    Shared, shared(&Moment<'_>, Fd, i32, Site);
    ThreadEnded, thread_ended(&Moment<'_>);
    /// The program ends.
    Ended, ended(&Moment<'_>);
}
