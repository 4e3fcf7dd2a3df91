//! Call sites and descriptors in words.

use crate::document::{Neighbour, Place, Profile};

/// A place in short: `parse_body (json.c:210)`, `server+0x1361`, or an address.
#[must_use]
pub fn place(place: &Place) -> String {
    let file = place.file.as_deref().map(last);
    let at = match (file, place.line) {
        (Some(file), Some(line)) => Some(format!("{file}:{line}")),
        (Some(file), None) => Some(file.to_owned()),
        (None, _) => None,
    };
    match (&place.function, at) {
        (Some(function), Some(at)) => format!("{function} ({at})"),
        (Some(function), None) => format!("{function} ({})", bare(place)),
        (None, _) => bare(place),
    }
}

fn bare(place: &Place) -> String {
    if place.module.is_empty() {
        return format!("{:#x}", place.offset);
    }
    format!("{}+{:#x}", last(&place.module), place.offset)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A row of sites in short: its first place that is not the kernel's door, as `flush_ http.c:131`.
#[must_use]
pub fn site(places: &[Place]) -> String {
    let Some(first) = places.first() else { return String::new() };
    match (&first.function, first.file.as_deref(), first.line) {
        (Some(function), Some(file), Some(line)) => format!("{function} {}:{line}", last(file)),
        (Some(function), ..) => function.clone(),
        (None, ..) => bare(first),
    }
}

/// What is beside a gap: `read (http.c:88)`.
#[must_use]
pub fn neighbour(profile: &Profile, neighbour: &Neighbour) -> String {
    let words = match &*neighbour.what {
        "wait returned" => return "the wait's return".to_owned(),
        "end" => return "the end".to_owned(),
        "wait" => "the next wait",
        what => what,
    };
    let name = neighbour.site.and_then(|site| profile.sites.get(site)).map(|row| &*row.name);
    match name {
        Some(name) if !name.is_empty() => format!("{words} ({name})"),
        _ => words.to_owned(),
    }
}

/// A descriptor: `descriptor 12 (10.0.0.3:443)`.
#[must_use]
pub fn descriptor(fd: i32, peer: Option<&str>) -> String {
    match peer {
        Some(peer) => format!("descriptor {fd} ({peer})"),
        None => format!("descriptor {fd}"),
    }
}
