//! A line of a trace, as text.

use super::{Answer, EVENTS, Line, OPERATIONS, Observation};
use crate::io::Outcome;
use crate::ports::{Fd, Kind, Listed, MILLISECOND, Nanos, SECOND, Site};

type Parsed<T> = Result<T, String>;

/// Reads a line; a comment or an empty one is `None`.
pub(super) fn parse(text: &str, number: usize) -> Parsed<Option<Line>> {
    let text = text.split('#').next().unwrap_or_default();
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return Ok(None);
    }
    let mut site = Site(number as u64);
    if let Some(at) = words.last().and_then(|word| word.strip_prefix('@')) {
        site = Site(self::number(at)?);
        words.pop();
    }
    let mut words = Words { words: words.into_iter() };
    let at = match words.peek().map(time) {
        Some(Ok(at)) => words.next().map(|_| at).ok(),
        _ => None,
    };
    let thread = words.peek().and_then(|word| word.strip_prefix('t')?.parse().ok());
    if thread.is_some() {
        words.next()?;
    }
    let observation = observation(&mut words)?;
    match words.words.next() {
        Some(word) => Err(format!("{word:?} is one word too many")),
        None => Ok(Some(Line { at, tid: thread.unwrap_or(0), site, observation })),
    }
}

struct Words<'a> {
    words: std::vec::IntoIter<&'a str>,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.as_slice().first().copied()
    }

    fn next(&mut self) -> Parsed<&'a str> {
        self.words.next().ok_or_else(|| "something is missing at its end".to_owned())
    }

    /// The word, which may be written behind a name and `=`.
    fn named(&mut self, name: &str) -> Parsed<&'a str> {
        let word = self.next()?;
        let value = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        Ok(value.unwrap_or(word))
    }

    fn fd(&mut self, name: &str) -> Parsed<Fd> {
        let word = self.named(name)?;
        word.parse().map_err(|_| format!("{word:?} is no descriptor"))
    }

    /// The value of a word that must have its name, if it is there.
    fn option(&mut self, name: &str) -> Option<&'a str> {
        let value = self.peek()?.strip_prefix(name)?.strip_prefix('=')?;
        self.words.next();
        Some(value)
    }
}

fn observation(words: &mut Words<'_>) -> Parsed<Observation> {
    let verb = words.next()?;
    if let Some((_, op)) = OPERATIONS.into_iter().find(|(name, _)| *name == verb) {
        return ctl(words, op);
    }
    Ok(match verb {
        "create" => Observation::Create(words.fd("epfd")?),
        "open" => Observation::Open(words.fd("fd")?, kind(words.next()?)?),
        "begin" => {
            let name = words.next()?;
            let known = OPERATIONS.into_iter().find(|(operation, _)| *operation == name);
            let (_, op) = known.ok_or_else(|| format!("{name:?} does not begin"))?;
            Observation::Begin { op, epfd: words.fd("epfd")?, fd: words.fd("fd")? }
        }
        "wait" => {
            let epfd = words.fd("epfd")?;
            let timeout = words.option("timeout").unwrap_or("-1");
            let timeout = if timeout == "-1" { -1 } else { time_or_zero(timeout)? };
            Observation::Wait { epfd, timeout }
        }
        "got" => got(words)?,
        "read" => {
            let (fd, word) = (words.fd("fd")?, words.next()?);
            Observation::Read(fd, outcome(word)?, errno(word).unwrap_or(0))
        }
        "write" => Observation::Write(words.fd("fd")?, outcome(words.next()?)?),
        "accept" => {
            let (fd, word) = (words.fd("fd")?, words.next()?);
            let accepted = word.parse::<Fd>().is_ok();
            let one = Outcome::Moved { bytes: 1, asked: 1 };
            let outcome = if accepted { one } else { outcome(word)? };
            Observation::Accept(fd, outcome, errno(word).unwrap_or(0))
        }
        "poll" => Observation::Poll(words.fd("fd")?, events(words.next()?)?),
        "polled" => Observation::Polled(words.fd("fd")?, events(words.next()?)?),
        "shutdown" => Observation::Shutdown(words.fd("fd")?),
        "close" => Observation::Close(words.fd("fd")?),
        "dup" => Observation::Dup(words.fd("fd")?, words.fd("to")?),
        "blocked" | "blocks" => Observation::Blocked {
            fd: words.fd("fd")?,
            call: call(words.next()?)?,
            nanos: time(words.next()?)?,
            is_over: verb == "blocked",
        },
        "hold" => Observation::Hold(words.fd("fd")?),
        "let-go" => Observation::LetGo(words.fd("fd")?),
        "fork" => Observation::Fork,
        "shared" => {
            let (epfd, other) = (words.fd("epfd")?, words.fd("pid")?);
            Observation::Shared { epfd, other }
        }
        "exit" => Observation::Exit,
        "end" => Observation::End,
        "kernel" => Observation::Kernel(answer(words)?),
        verb => return Err(format!("{verb:?} is no call")),
    })
}

fn ctl(words: &mut Words<'_>, op: i32) -> Parsed<Observation> {
    let (epfd, fd) = (words.fd("epfd")?, words.fd("fd")?);
    let mut events = 0;
    if let Some(Ok(named)) = words.peek().map(self::events) {
        events = named;
        words.next()?;
    }
    let data = words.option("data").map(number).transpose()?.unwrap_or(fd as u32 as u64);
    let padding = words.option("padding").map(number).transpose()?.map(|padding| padding as u32);
    let errno = if words.peek().is_some() { errno(words.next()?)? } else { 0 };
    Ok(Observation::Ctl { op, epfd, fd, events, data, padding, errno })
}

fn got(words: &mut Words<'_>) -> Parsed<Observation> {
    let mut deliveries = Vec::new();
    while let Some(word) = words.peek() {
        words.next()?;
        match word.split_once(':') {
            Some((data, delivered)) => deliveries.push((events(delivered)?, number(data)?)),
            None if word == "nothing" => {}
            None => return Ok(Observation::WaitFailed(errno(word)?)),
        }
    }
    Ok(Observation::Got(deliveries))
}

fn answer(words: &mut Words<'_>) -> Parsed<Answer> {
    Ok(match words.next()? {
        "poll" => Answer::Poll(words.fd("fd")?, events(words.next()?)?),
        "fdinfo" => {
            let epfd = words.next()?.trim_end_matches(':');
            let epfd = epfd.parse().map_err(|_| format!("{epfd:?} is no descriptor"))?;
            if words.peek() == Some("unreadable") {
                words.next()?;
                return Ok(Answer::Fdinfo(epfd, None));
            }
            let mut listed = Vec::new();
            while words.peek().is_some() {
                listed.push(listing(words)?);
            }
            Answer::Fdinfo(epfd, Some(listed))
        }
        "unread" => Answer::Unread(words.fd("fd")?, number(words.next()?)?),
        "traffic" => Answer::Traffic(words.fd("fd")?, number(words.next()?)?),
        "both-ends" => Answer::BothEnds(words.fd("fd")?),
        "on-its-way" => Answer::OnItsWay(words.fd("tid")?),
        "dead" => Answer::Dead(words.fd("tid")?),
        "epfd" => {
            let epfd = words.fd("epfd")?;
            match words.next()? {
                "closed" => Answer::Epfd(epfd, None),
                "foreign" => Answer::Epfd(epfd, Some(false)),
                word => return Err(format!("{word:?} is neither closed nor foreign")),
            }
        }
        word => return Err(format!("the kernel is not asked for {word:?}")),
    })
}

/// `5 IN|ET data=5 file=1:2,`: a comma ends it if another follows.
fn listing(words: &mut Words<'_>) -> Parsed<Listed> {
    let fd = words.fd("fd")?;
    let (mut data, mut file, mut interest) = (fd as u32 as u64, (0, 0), 0);
    while let Some(word) = words.peek() {
        words.next()?;
        let value = word.trim_end_matches(',');
        if let Some(value) = value.strip_prefix("data=") {
            data = number(value)?;
        } else if let Some((inode, device)) =
            value.strip_prefix("file=").and_then(|file| file.split_once(':'))
        {
            file = (number(inode)?, number(device)?);
        } else {
            interest = events(value)?;
        }
        if word.ends_with(',') {
            break;
        }
    }
    Ok(Listed { fd, events: interest, data, file })
}

fn number(word: &str) -> Parsed<u64> {
    let number = match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    number.map_err(|_| format!("{word:?} is no number"))
}

fn time_or_zero(word: &str) -> Parsed<i64> {
    let nanos = if word == "0" { 0 } else { time(word)? };
    i64::try_from(nanos).map_err(|_| format!("{word:?} is too long"))
}

fn time(word: &str) -> Parsed<Nanos> {
    let bad = || format!("{word:?} is no time");
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let amount: f64 = word[..word.len() - unit.len()].parse().map_err(|_| bad())?;
    let nanos = match unit {
        "s" => SECOND,
        "ms" => MILLISECOND,
        "us" => 1000,
        "ns" => 1,
        _ => return Err(bad()),
    };
    Ok((amount * nanos as f64).round() as Nanos)
}

fn events(word: &str) -> Parsed<u32> {
    if word == "nothing" || word == "0" {
        return Ok(0);
    }
    let bit = |name| EVENTS.into_iter().find(|(known, _)| *known == name).map(|(_, bit)| bit);
    let all = word.split('|').map(bit).try_fold(0, |all, bit| Some(all | bit?));
    all.ok_or_else(|| format!("{word:?} are no events"))
}

fn kind(word: &str) -> Parsed<Kind> {
    Ok(match word {
        "stream" => Kind::Stream,
        "listener" => Kind::Listener,
        "datagram" => Kind::Datagram,
        "pipe" => Kind::Pipe,
        "counter" => Kind::Counter,
        "queue" => Kind::Queue,
        "unknown" => Kind::Unknown,
        word => return Err(format!("{word:?} is no kind of descriptor")),
    })
}

fn call(word: &str) -> Parsed<&'static str> {
    let calls = ["read", "write", "accept", "recv", "send"];
    calls.into_iter().find(|call| *call == word).ok_or_else(|| format!("{word:?} does not block"))
}

/// `3/8`: so many of so many; or an errno.
fn outcome(word: &str) -> Parsed<Outcome> {
    if let Some((bytes, asked)) = word.split_once('/') {
        return Ok(Outcome::Moved { bytes: number(bytes)?, asked: number(asked)? });
    }
    Ok(match word {
        "EAGAIN" => Outcome::WouldBlock,
        "EINTR" => Outcome::Interrupted,
        "EMFILE" | "ENFILE" | "ENOBUFS" | "ENOMEM" => Outcome::Exhausted,
        word => {
            errno(word)?;
            Outcome::Failed
        }
    })
}

fn errno(word: &str) -> Parsed<i32> {
    const NAMES: [(&str, i32); 15] = [
        ("EPERM", 1),
        ("ENOENT", 2),
        ("EINTR", 4),
        ("EBADF", 9),
        ("EAGAIN", 11),
        ("ENOMEM", 12),
        ("EFAULT", 14),
        ("EEXIST", 17),
        ("EINVAL", 22),
        ("ENFILE", 23),
        ("EMFILE", 24),
        ("ENOSPC", 28),
        ("EPIPE", 32),
        ("ELOOP", 40),
        ("ECONNRESET", 104),
    ];
    let known = NAMES.into_iter().find(|(name, _)| *name == word);
    known.map(|(_, errno)| errno).ok_or_else(|| format!("{word:?} is no errno"))
}
