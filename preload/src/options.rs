//! What `EPSHIM_OPTIONS` asks of the preload library: `key=value`, separated by colons.

/// The options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// `mode=check`: tell of the calls. Without it the library is transparent.
    pub is_checking: bool,
    /// `panic_after=N`, for tests: the book-keeping of the N-th call that is told of panics.
    pub panic_after: Option<u64>,
}

impl Options {
    /// Reads them. What it does not know, it leaves to others.
    pub fn parse(text: &[u8]) -> Self {
        let mut options = Self::default();
        for option in text.split(|&byte| byte == b':') {
            let Some(equals) = option.iter().position(|&byte| byte == b'=') else { continue };
            let value = str::from_utf8(&option[equals + 1..]).unwrap_or_default();
            match &option[..equals] {
                b"mode" => options.is_checking = value == "check",
                b"panic_after" => options.panic_after = value.parse().ok(),
                _ => {}
            }
        }
        options
    }
}
