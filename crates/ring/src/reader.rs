//! Records as observations again.
//!
//! Reading believes nothing: a record that means nothing is left out.

use crate::empty::unpacked;
use crate::form::{Record, kind};
use crate::ring::RECORDS;
use epshim_observe::binary::take_what;
use epshim_observe::{Delivery, EmptyWait, Ended, Fd, Nanos, Site, Tid, What};

/// An observation of a ring. Its owner says whose, unless another thread is named.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of an observation")]
pub struct Written {
    pub at: Nanos,
    /// 0: the owner.
    pub tid: Tid,
    pub site: Site,
    pub what: What<'static>,
}

impl Written {
    pub(crate) const fn new(at: Nanos, site: Site, what: What<'static>) -> Self {
        Self { at, tid: 0, site, what }
    }
}

/// At most this many deliveries have room before they have come: a record may claim any number.
const MOST: usize = 1024;

/// A delivery that is not its wait's first.
const fn delivery([_, _, data, last]: Record) -> Delivery {
    Delivery { events: last as u32, data }
}

/// What is still missing of an observation.
#[derive(Debug)]
enum Missing {
    /// Deliveries.
    Deliveries { at: Nanos, all: Vec<Delivery>, count: usize },
    /// The second half of an `epoll_ctl`.
    Ctl { at: Nanos, site: Site, half: Record },
    /// Waits that returned nothing.
    EmptyWaits { at: Nanos, site: Site, epfd: Fd, waits: Vec<EmptyWait>, count: usize },
    /// Bytes.
    Bytes { at: Nanos, tid: Tid, site: Site, bytes: Vec<u8>, length: usize },
}

/// Puts the records of one ring together again.
#[derive(Debug, Default)]
pub struct Reader {
    missing: Option<Missing>,
}

impl Reader {
    /// The ring is another owner's from now on.
    pub fn begin_anew(&mut self) {
        self.missing = None;
    }

    /// Takes a record. Returns the observation that it completes.
    pub fn take(&mut self, record: Record) -> Option<Written> {
        match &mut self.missing {
            None => self.first(record),
            Some(Missing::Deliveries { all, count, .. }) if all.len() + 1 < *count => {
                all.push(delivery(record));
                None
            }
            some => {
                let missing = some.take()?;
                self.more(missing, record)
            }
        }
    }

    fn first(&mut self, [at, word, site, last]: Record) -> Option<Written> {
        let (kind, extra) = (word as u8, (word >> 8) as u8);
        let (errno, fd) = (i32::from((word >> 16) as u16), (word >> 32) as Fd);
        let site = Site(site);
        let (low, high) = (last as u32, (last >> 32) as u32);
        let ended = match errno {
            0 => Ended::Moved { bytes: low.into(), asked: high.into() },
            errno => Ended::Failed(errno),
        };
        let what = match kind {
            kind::READ => What::Read { fd, ended },
            kind::WRITE => What::Write { fd, ended },
            kind::ACCEPT => {
                What::Accept { fd, accepted: if errno == 0 { Ok(low as Fd) } else { Err(errno) } }
            }
            kind::TOUCH => What::Touch { fd },
            kind::CLOSE => What::Close { fd, unread: Some(last).filter(|&bytes| bytes != 0) },
            kind::DUP => What::Dup { from: fd, to: low as Fd },
            kind::SHUTDOWN => What::Shutdown { fd },
            kind::POLL => What::Poll { fd, events: low },
            kind::POLLED => What::Polled { fd, ready: low },
            kind::WAIT => What::Wait { epfd: fd, timeout: last as i64 },
            kind::CTL_BEGINS => What::CtlBegins { op: extra.into(), epfd: low as Fd, fd },
            kind::DROPPED => What::Dropped { records: last },
            kind::GOT => {
                let count = usize::try_from(fd).unwrap_or(0).min(RECORDS);
                let first = Delivery { events: low, data: site.0 };
                let mut all = Vec::with_capacity(count.min(MOST));
                all.extend((count > 0).then_some(first));
                if count <= 1 {
                    return Some(Written::new(at, Site(0), What::Got { deliveries: all.into() }));
                }
                self.missing = Some(Missing::Deliveries { at, all, count });
                return None;
            }
            kind::EMPTY_WAITS => {
                let (epfd, count) = (fd, usize::from(extra));
                if count > 0 {
                    let waits = Vec::with_capacity(count);
                    self.missing = Some(Missing::EmptyWaits { at, site, epfd, waits, count });
                }
                return None;
            }
            kind::CTL => {
                self.missing = Some(Missing::Ctl { at, site, half: [at, word, site.0, last] });
                return None;
            }
            kind::BYTES => {
                let length = usize::try_from(last).unwrap_or(0);
                if length > 0 && length < RECORDS * size_of::<Record>() {
                    let bytes = Vec::new();
                    self.missing = Some(Missing::Bytes { at, tid: fd, site, bytes, length });
                }
                return None;
            }
            _ => return None,
        };
        Some(Written::new(at, site, what))
    }

    fn more(&mut self, missing: Missing, record: Record) -> Option<Written> {
        let [_, word, data, last] = record;
        match missing {
            // The last of them.
            Missing::Deliveries { at, mut all, .. } => {
                all.push(delivery(record));
                Some(Written::new(at, Site(0), What::Got { deliveries: all.into() }))
            }
            Missing::EmptyWaits { at, site, epfd, mut waits, count } => {
                let halves = record.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]);
                waits.extend(halves.map(unpacked).take(count - waits.len()));
                if waits.len() < count {
                    self.missing = Some(Missing::EmptyWaits { at, site, epfd, waits, count });
                    return None;
                }
                Some(Written::new(at, site, What::EmptyWaits { epfd, waits: waits.into() }))
            }
            Missing::Ctl { at, site, half: [_, begin, _, halves] } => {
                let has_padding = (word >> 8) as u8 != 0;
                let what = What::Ctl {
                    op: i32::from((begin >> 8) as u8),
                    epfd: halves as u32 as Fd,
                    fd: (begin >> 32) as Fd,
                    events: (halves >> 32) as u32,
                    data,
                    padding: has_padding.then_some(last as u32),
                    errno: i32::from((begin >> 16) as u16),
                    at: None,
                };
                Some(Written::new(at, site, what))
            }
            Missing::Bytes { at, tid, site, mut bytes, length } => {
                bytes.extend(record.iter().flat_map(|word| word.to_le_bytes()));
                if bytes.len() < length {
                    self.missing = Some(Missing::Bytes { at, tid, site, bytes, length });
                    return None;
                }
                bytes.truncate(length);
                take_what(&bytes).map(|what| Written { at, tid, site, what })
            }
        }
    }
}
