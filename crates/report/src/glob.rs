//! Globs: `*` is any text, slashes too, and `?` any one character; all else is itself.
//!
//! Suppressions are such patterns, and so are the tables of code that is not the user's own.

/// Whether a glob matches a text from end to end. The time is at most the product of the lengths:
/// only the latest `*` is ever tried again, with one character more.
#[must_use]
pub fn glob_matches(glob: &str, text: &str) -> bool {
    let (mut glob, mut text) = (glob.chars(), text.chars());
    // What follows the latest `*`, and the text that was left when it was met.
    let mut again: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = text.clone();
        match (glob.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = before;
                again = Some((glob.clone(), text.clone()));
                continue;
            }
            (Some('?'), Some(_)) => continue,
            (Some(wanted), Some(character)) if wanted == character => continue,
            _ => {}
        }
        let Some((after, mut rest)) = again else { return false };
        if rest.next().is_none() {
            return false;
        }
        glob = after.clone();
        text = rest.clone();
        again = Some((after, rest));
    }
}
