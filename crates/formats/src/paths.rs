//! Paths of sources as documents have them: relative to the repository, which is where a reviewer's page has
//! the file; else absolute.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

/// The path relative to `root`, without `.` and `..`; `None`: it is not below it. A path that is relative
/// already counts from `root`.
pub fn relative(path: &str, root: &Path) -> Option<String> {
    let clean = clean(&root.join(path))?;
    let below = clean.strip_prefix(root).ok()?;
    below.to_str().filter(|path| !path.is_empty()).map(str::to_owned)
}

/// The reference of a path (RFC 3986): relative where it can be, else `file:///...`.
pub fn uri(path: &str, root: &Path) -> String {
    match relative(path, root) {
        Some(path) => encoded(&path),
        None if path.starts_with('/') => format!("file://{}", encoded(path)),
        None => encoded(path),
    }
}

fn clean(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.pop() => {}
            Component::ParentDir => return None,
            part => clean.push(part),
        }
    }
    Some(clean)
}

/// What is neither unreserved nor a slash as `%41`.
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_root_is_relative_and_the_rest_absolute() {
        let root = Path::new("/home/me/x");
        for (path, expected) in [
            ("/home/me/x/src/a b.c", "src/a%20b.c"),
            ("/home/me/x/build/../src/a.c", "src/a.c"),
            ("src/./a.c", "src/a.c"),
            ("/usr/src/a:b.c", "file:///usr/src/a%3Ab.c"),
            ("/home/me/xy/a.c", "file:///home/me/xy/a.c"),
            ("../a.c", "../a.c"),
            ("/home/me/x", "file:///home/me/x"),
        ] {
            assert_eq!(uri(path, root), expected);
        }
    }
}
