//! Call sites that are chosen, as text: in each line the offset and the module, of which the end is enough.

use std::fmt;

/// Call sites: modules and offsets in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sites(pub Vec<(String, u64)>);

impl Sites {
    /// Reads what [`Display`](fmt::Display) writes. `None`: a line is none of it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let read = |line: &str| {
            let (offset, module) = line.split_once(' ')?;
            Some((module.to_owned(), u64::from_str_radix(offset, 16).ok()?))
        };
        text.lines().map(read).collect::<Option<_>>().map(Self)
    }

    /// Whether a place is one of them.
    #[must_use]
    pub fn has(&self, module: &str, offset: u64) -> bool {
        self.0.iter().any(|(end, other)| *other == offset && module.ends_with(end.as_str()))
    }
}

impl fmt::Display for Sites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(module, offset)| writeln!(f, "{offset:x} {module}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_is_known_by_the_end_of_its_module() {
        let sites = Sites(vec![("/server one".to_owned(), 0x13f0)]);
        let read = Sites::parse(&sites.to_string()).unwrap();
        assert_eq!(read, sites);
        assert!(read.has("/opt/server one", 0x13f0));
        assert!(!read.has("/opt/server one", 0x13f1) && !read.has("/opt/server", 0x13f0));
        assert_eq!(Sites::parse("13f0\n"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Some(sites) = Sites::parse(&text) {
                prop_assert_eq!(Sites::parse(&sites.to_string()), Some(sites));
            }
        }
    }
}
