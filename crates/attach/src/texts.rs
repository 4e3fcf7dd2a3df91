//! Readers of the texts of /proc and of links there: bytes in, values out, for any bytes. What cannot be read
//! is left out. They make no system call; `any_bytes.rs` has the targets of fuzzing.
//!
//! Surprising: words are looked for, not columns. Other kernels (gVisor, older ones) have other spaces and
//! fewer fields.

pub mod fdinfo;
pub mod links;
pub mod maps;
pub mod net;
pub mod task;

/// The lines of a text.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

/// The words of a line; colons and spaces part them.
pub(crate) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| byte == b':' || byte.is_ascii_whitespace()).filter(|word| !word.is_empty())
}

/// A number in decimal, with a sign if it has one.
pub(crate) fn decimal<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// A number in hex, with or without `0x`.
pub(crate) fn hex(word: &[u8]) -> Option<u64> {
    let word = word.strip_prefix(b"0x").unwrap_or(word);
    if word.is_empty() || word.len() > 16 {
        return None;
    }
    word.iter()
        .try_fold(0, |number, &digit| Some(number << 4 | u64::from((digit as char).to_digit(16)?)))
}

/// What follows `name:` at the beginning of a line.
pub(crate) fn field<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    lines(text).find_map(|line| {
        let rest = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
        Some(rest.trim_ascii())
    })
}
