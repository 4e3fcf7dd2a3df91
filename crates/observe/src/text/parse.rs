//! A line of a trace, read.

use super::names::{self, OPERATIONS};
use super::words::{Parsed, Words, descriptor, errno, events, number, pair, text, time};
use crate::answer::{Answer, Frame, Interpreted, Language, Symbol};
use crate::calls::{Call, Delivery, EmptyWait, Ended};
use crate::ctl::AtFailure;
use crate::kernel::Listed;
use crate::observation::{Observation, What};
use crate::terms::{Fd, Nanos, Site};

/// Reads a line; a comment or an empty one is `None`.
pub(super) fn line(text: &str, number: u64, before: Nanos) -> Parsed<Option<Observation<'static>>> {
    let text = text.split('#').next().unwrap_or_default();
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return Ok(None);
    }
    let mut site = Site(number);
    if let Some(at) = words.last().and_then(|word| word.strip_prefix('@')) {
        site = Site(self::number(at)?);
        words.pop();
    }
    let mut words = Words::new(words);
    let at = words.peek().and_then(names::time);
    if at.is_some() {
        words.next()?;
    }
    let pid = numbered(&mut words, 'p');
    let tid = numbered(&mut words, 't');
    let what = what(&mut words)?;
    words.end()?;
    Ok(Some(Observation { at: at.unwrap_or(before), pid, tid, site, what }))
}

/// `t1`: a thread, if it is there.
fn numbered(words: &mut Words<'_>, prefix: char) -> i32 {
    let number = words.peek().and_then(|word| word.strip_prefix(prefix)?.parse().ok());
    if number.is_some() {
        let _ = words.next();
    }
    number.unwrap_or(0)
}

fn operation(word: &str) -> Option<i32> {
    let known = OPERATIONS.into_iter().find(|(name, _)| *name == word).map(|(_, op)| op);
    known.or_else(|| word.strip_prefix("op=")?.parse().ok())
}

fn what(words: &mut Words<'_>) -> Parsed<What<'static>> {
    let verb = words.next()?;
    if let Some(op) = operation(verb) {
        return ctl(words, op);
    }
    Ok(match verb {
        "create" => What::Create { epfd: words.fd("epfd")? },
        "open" => {
            let (fd, word) = (words.fd("fd")?, words.next()?);
            let kind = names::kind(word);
            let kind = kind.ok_or_else(|| format!("{word:?} is no kind of descriptor"))?;
            What::Open { fd, kind, may_block: words.is("blocking") }
        }
        "begin" => {
            let name = words.next()?;
            let op = operation(name).ok_or_else(|| format!("{name:?} does not begin"))?;
            What::CtlBegins { op, epfd: words.fd("epfd")?, fd: words.fd("fd")? }
        }
        "wait" => {
            let epfd = words.fd("epfd")?;
            let timeout = timeout(words.option("timeout").unwrap_or("-1"))?;
            What::Wait { epfd, timeout }
        }
        "got" => got(words)?,
        "empty-waits" => {
            let epfd = words.fd("epfd")?;
            What::EmptyWaits { epfd, waits: all(words, empty_wait)?.into() }
        }
        "read" => What::Read { fd: words.fd("fd")?, ended: ended(words.next()?)? },
        "write" => What::Write { fd: words.fd("fd")?, ended: ended(words.next()?)? },
        "touch" => What::Touch { fd: words.fd("fd")? },
        "accept" => {
            let (fd, word) = (words.fd("fd")?, words.next()?);
            let accepted =
                word.parse::<Fd>().ok().map_or_else(|| errno(word).map(Err), |new| Ok(Ok(new)));
            What::Accept { fd, accepted: accepted? }
        }
        "connect" => {
            let fd = words.fd("fd")?;
            What::Connect { fd, errno: if words.is("0") { 0 } else { words.errno()? } }
        }
        "error-taken" => What::ErrorTaken { fd: words.fd("fd")? },
        "unconnected" => What::Unconnected { fd: words.fd("fd")?, errno: words.errno()? },
        "poll" => What::Poll { fd: words.fd("fd")?, events: words.events()? },
        "polled" => What::Polled { fd: words.fd("fd")?, ready: words.events()? },
        "shutdown" => What::Shutdown { fd: words.fd("fd")? },
        "close" => {
            let fd = words.fd("fd")?;
            What::Close { fd, unread: words.option("unread").map(number).transpose()? }
        }
        "dup" => What::Dup { from: words.fd("fd")?, to: words.fd("to")? },
        "blocked" | "blocks" => {
            let (fd, call) = (words.fd("fd")?, call(words.next()?)?);
            What::Blocked { fd, call, nanos: words.time()?, is_over: verb == "blocked" }
        }
        "unwritten" => What::Unwritten { fd: words.fd("fd")? },
        "took" => What::Took { fd: words.fd("fd")? },
        "stale-use" => What::StaleUse { fd: words.fd("fd")?, errno: words.errno()? },
        "closed-inheritable" => {
            What::ClosedInheritable { fd: words.fd("fd")?, inode: words.number()? }
        }
        "futile" => What::Futile { fd: words.fd("fd")?, moved: words.number()? as u32 },
        "closed-empty" => What::ClosedEmpty { fd: words.fd("fd")? },
        "unguarded" => What::Unguarded { fd: words.fd("fd")?, ready: words.events()? },
        "stalled" => {
            let (epfd, nanos, call) = (words.fd("epfd")?, words.time()?, words.text()?);
            let is_over = words.peek() != Some("still");
            if !is_over {
                words.next()?;
            }
            let (write_end, read_end) = match words.peek() {
                None => (-1, -1),
                Some(_) => (words.fd("write end")?, words.fd("read end")?),
            };
            What::Stalled { epfd, nanos, call, is_over, write_end, read_end }
        }
        "hold" => What::Hold { fd: words.fd("fd")? },
        "let-go" => What::LetGo { fd: words.fd("fd")? },
        "fork" if words.peek().is_none() => What::Fork { parent: 0 },
        "fork" => What::Fork { parent: words.fd("pid")? },
        "shared" => What::Shared { epfd: words.fd("epfd")?, other: words.fd("pid")? },
        "exec" => What::Exec,
        "exit" => What::ThreadEnds,
        "finish" => What::Finish,
        "died" => What::Died { signal: words.fd("signal")? },
        "dropped" => What::Dropped { records: words.number()? },
        "end" => What::Nothing,
        "start" => What::Start { epoch: words.number()? },
        "look" => What::Look,
        "looked" => What::Looked,
        "kernel" => What::Kernel(answer(words)?),
        "at" => What::Place { frames: all(words, frame)? },
        "belongs" => What::Belongs { fd: words.fd("fd")?, frames: all(words, frame)? },
        "callers" => What::Callers { addresses: all(words, |words| words.number())? },
        "mapped" => What::Mapped {
            module: words.text()?,
            base: words.number()?,
            start: words.number()?,
            end: words.number()?,
        },
        verb => return Err(format!("{verb:?} is no call")),
    })
}

fn ctl(words: &mut Words<'_>, op: i32) -> Parsed<What<'static>> {
    let (epfd, fd) = (words.fd("epfd")?, words.fd("fd")?);
    let mut events = 0;
    if let Some(named) = words.peek().and_then(names::events) {
        events = named;
        words.next()?;
    }
    let data = words.option("data").map(number).transpose()?.unwrap_or(fd as u32 as u64);
    let padding = words.option("padding").map(number).transpose()?.map(|padding| padding as u32);
    let errno = if words.peek().is_some() { words.errno()? } else { 0 };
    let at = at_failure(words, errno)?;
    Ok(What::Ctl { op, epfd, fd, events, data, padding, errno, at })
}

/// `at=epoll,open,7`, if it is there.
fn at_failure(words: &mut Words<'_>, errno: i32) -> Parsed<Option<AtFailure>> {
    let Some(value) = words.option("at") else { return Ok(None) };
    let mut parts = value.split(',');
    let epfd = state(parts.next().unwrap_or_default())?;
    let fd_is_open = match parts.next() {
        Some("open") => true,
        Some("closed") => false,
        _ => return Err(format!("{value:?} does not say whether it is open")),
    };
    let unread = parts.next().map(number).transpose()?;
    Ok(Some(AtFailure { errno, epfd, fd_is_open, unread }))
}

/// What the first argument of a call is.
fn state(word: &str) -> Parsed<Option<bool>> {
    match word {
        "closed" => Ok(None),
        "foreign" => Ok(Some(false)),
        "epoll" => Ok(Some(true)),
        word => Err(format!("{word:?} is neither closed nor foreign nor epoll")),
    }
}

fn got(words: &mut Words<'_>) -> Parsed<What<'static>> {
    let mut deliveries = Vec::new();
    while let Some(word) = words.peek() {
        words.next()?;
        match word.split_once(':') {
            Some((data, delivered)) => {
                let (events, data) = (events(delivered)?, number(data)?);
                deliveries.push(Delivery { events, data });
            }
            None if word == "nothing" => {}
            None => {
                let errno = errno(word)?;
                return Ok(What::WaitFailed { errno, at: at_failure(words, errno)? });
            }
        }
    }
    Ok(What::Got { deliveries: deliveries.into() })
}

fn empty_wait(words: &mut Words<'_>) -> Parsed<EmptyWait> {
    let word = words.next()?;
    let parts = word.split_once('+').and_then(|(after, took)| {
        Some(EmptyWait { after: after.parse().ok()?, took: took.parse().ok()? })
    });
    parts.ok_or_else(|| format!("{word:?} is no wait: AFTER+TOOK, in nanoseconds"))
}

fn answer(words: &mut Words<'_>) -> Parsed<Answer> {
    Ok(match words.next()? {
        "processor-time" => {
            let tid = words.fd("tid")?;
            let nanos = if words.is("unknown") { None } else { Some(words.time()?) };
            Answer::ProcessorTime { tid, nanos }
        }
        "deaf" => {
            let fd = words.fd("fd")?;
            let thread = if words.is("none") { None } else { Some(pair(words.next()?)?) };
            Answer::Deaf { fd, thread }
        }
        "holder" => {
            let inode = words.number()?;
            let holder = if words.is("none") { None } else { Some(pair(words.next()?)?) };
            Answer::Holder { inode, holder }
        }
        "poll" => {
            let fd = words.fd("fd")?;
            let ready = if words.is("closed") { None } else { Some(words.events()?) };
            Answer::Poll { fd, ready }
        }
        "fdinfo" => {
            let epfd = descriptor(words.next()?.trim_end_matches(':'))?;
            if words.is("unreadable") {
                return Ok(Answer::Fdinfo { epfd, listed: None });
            }
            let mut listed = Vec::new();
            while words.peek().is_some() {
                listed.push(listing(words)?);
            }
            Answer::Fdinfo { epfd, listed: Some(listed) }
        }
        "unread" => {
            let fd = words.fd("fd")?;
            let bytes = if words.is("unknown") { None } else { Some(words.number()?) };
            Answer::Unread { fd, bytes }
        }
        "traffic" => Answer::Traffic { fd: words.fd("fd")?, traffic: words.number()? },
        "file" => {
            let fd = words.fd("fd")?;
            let file = if words.is("closed") { None } else { Some(pair(words.next()?)?) };
            Answer::File { fd, file }
        }
        "keeper" => {
            let (epfd, fd) = (words.fd("epfd")?, words.fd("fd")?);
            let keeper = if words.is("none") { None } else { Some(words.fd("keeper")?) };
            Answer::Keeper { epfd, fd, keeper }
        }
        "both-ends" => Answer::BothEnds { fd: words.fd("fd")?, has: !words.is("no") },
        "dead" => Answer::Alive { tid: words.fd("tid")?, is: false },
        "alive" => Answer::Alive { tid: words.fd("tid")?, is: true },
        "on-its-way" => Answer::OnItsWay { tid: words.fd("tid")?, is: !words.is("no") },
        "was-closed" => Answer::WasClosed { fd: words.fd("fd")?, was: !words.is("no") },
        "epfd" => Answer::Epfd { epfd: words.fd("epfd")?, is_epoll: state(words.next()?)? },
        word => return Err(format!("the kernel is not asked for {word:?}")),
    })
}

/// `5 IN|ET data=5 file=1:2,`: a comma ends it if another follows.
fn listing(words: &mut Words<'_>) -> Parsed<Listed> {
    let fd = words.fd("fd")?;
    let mut listed = Listed { fd, events: 0, data: fd as u32 as u64, file: (0, 0) };
    while let Some(word) = words.peek() {
        words.next()?;
        let value = word.trim_end_matches(',');
        if let Some(value) = value.strip_prefix("data=") {
            listed.data = number(value)?;
        } else if let Some(file) = value.strip_prefix("file=") {
            listed.file = pair(file)?;
        } else {
            listed.events = events(value)?;
        }
        if word.ends_with(',') {
            break;
        }
    }
    Ok(listed)
}

/// All that is left of the words.
fn all<T>(
    words: &mut Words<'_>,
    mut one: impl FnMut(&mut Words<'_>) -> Parsed<T>,
) -> Parsed<Vec<T>> {
    let mut all = Vec::new();
    while words.peek().is_some() {
        all.push(one(words)?);
    }
    Ok(all)
}

/// `MODULE OFFSET FUNCTION FILE:LINE`: a comma ends it if another follows.
fn frame(words: &mut Words<'_>) -> Parsed<Frame> {
    let (module, offset) = (words.text()?, words.next()?);
    let (mut symbols, mut is_last) = (Vec::new(), offset.ends_with(','));
    let (offset, interpreted) = match offset.trim_end_matches(',').split_once('/') {
        Some((offset, language)) => (number(offset)?, Some(interpreted(language)?)),
        None => (number(offset.trim_end_matches(','))?, None),
    };
    while !is_last && words.peek().is_some() {
        let (function, word) = (words.text()?, words.next()?);
        is_last = word.ends_with(',');
        let place = word.trim_end_matches(',').rsplit_once(':');
        let (file, line) = place.ok_or_else(|| format!("{word:?} is no line of a file"))?;
        let line = line.parse().map_err(|_| format!("{line:?} is no line"))?;
        symbols.push(Symbol { function, file: text(file)?, line });
    }
    Ok(Frame { module, offset, symbols, interpreted })
}

fn interpreted(word: &str) -> Parsed<Interpreted> {
    let (name, is_users) = match word.strip_suffix("/user") {
        Some(name) => (name, true),
        None => (word, false),
    };
    let language = Language::named(name);
    let language = language.ok_or_else(|| format!("{name:?} is no language that is known"))?;
    Ok(Interpreted { language, is_users })
}

fn timeout(word: &str) -> Parsed<i64> {
    match word {
        "-1" => Ok(-1),
        "0" => Ok(0),
        word => match word.strip_prefix('-') {
            Some(below) => 0_i64.checked_sub_unsigned(time(below)?),
            None => i64::try_from(time(word)?).ok(),
        }
        .ok_or_else(|| format!("{word:?} is too long")),
    }
}

fn call(word: &str) -> Parsed<Call> {
    let known = Call::ALL.into_iter().find(|call| call.name() == word);
    known.ok_or_else(|| format!("{word:?} does not block"))
}

/// `3/8`: 3 bytes of 8; or an errno.
fn ended(word: &str) -> Parsed<Ended> {
    match word.split_once('/') {
        Some((bytes, asked)) => Ok(Ended::Moved { bytes: number(bytes)?, asked: number(asked)? }),
        None => Ok(Ended::Failed(errno(word)?)),
    }
}
