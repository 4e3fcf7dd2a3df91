//! Whatever a program calls its files, functions and threads: the page stays the same page, and asks for nothing.

use crate::{blocks, made};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use epshim_profile::{Lane, Profile, Turns, page};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const HOSTILE: &str = "</script></style><script>alert(1)</script><img src=x onerror='alert(2)'>\" onclick=\"alert(3)\" \
    ' <!-- ]]> &lt; \\u003c \u{0}\u{1b}[2J\u{7f}\u{2028}\u{2029}\u{202e}\u{2066}";

/// The places of all texts in a document.
fn texts(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place.to_string()),
        Value::Array(list) => {
            (0..).zip(list).for_each(|(index, one)| texts(one, &format!("{place}/{index}"), found))
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, one)| texts(one, &format!("{place}/{key}"), found))
        }
        _ => {}
    }
}

/// The sample, with this in the place of each text that is not one of a few words.
pub fn with_texts(hostile: &str) -> (Profile, usize) {
    let mut profile = made::sample();
    profile.timeline.lanes = vec![Lane::default(); 2];
    profile.turns = vec![Turns::default(); 2];
    profile.program.recording = Some("x".into());
    let mut value = serde_json::to_value(&profile).expect("JSON");
    let mut places = Vec::new();
    texts(&value, "", &mut places);
    let mut replaced = 0;
    for place in places {
        let text = value.pointer_mut(&place).expect("it is there");
        let before = std::mem::replace(text, hostile.into());
        if serde_json::from_value::<Profile>(value.clone()).is_ok() {
            replaced += 1;
        } else {
            *value.pointer_mut(&place).expect("it is there") = before;
        }
    }
    (serde_json::from_value(value).expect("a profile"), replaced)
}

pub fn hostile() -> Profile {
    with_texts(HOSTILE).0
}

#[test]
fn no_text_of_the_program_becomes_markup() {
    let (profile, replaced) = with_texts(HOSTILE);
    assert!(replaced > 150, "{replaced} texts");
    let (hostile, plain) = (page(&profile), page(&with_texts("plain").0));
    // Element by element as with harmless texts: no more of any, and none with another name.
    let tags = |page: &str| page.matches('<').count();
    assert_eq!(tags(&hostile), tags(&plain));
    assert_eq!(hostile.matches("<script").count(), 4);
    assert_eq!(blocks::of(&hostile, "script")[2..], blocks::of(&plain, "script")[2..]);
    for never in [
        "<img",
        "onclick=\"",
        "<!--",
        "\u{0}",
        "\u{1b}",
        "\u{7f}",
        "\u{2028}",
        "\u{2029}",
        "\u{202e}",
        "\u{2066}",
    ] {
        assert!(!hostile.contains(never), "{never:?}");
    }
    assert!(hostile.contains("&lt;/script&gt;&lt;/style&gt;&lt;script&gt;alert(1)"));
    assert!(hostile.contains(r"\u{2028}\u{2029}\u{202e}\u{2066}"));
}

#[test]
fn the_policy_allows_the_pages_own_styles_and_scripts_and_nothing_else() {
    let page = page(&hostile());
    let hashes = |tag: &str, places: &[usize]| -> String {
        let blocks = blocks::of(&page, tag);
        places
            .iter()
            .map(|place| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(&blocks[*place]))))
            .collect()
    };
    let policy = format!(
        "default-src 'none'; script-src{}; style-src{}; img-src data:; base-uri 'none'; form-action 'none'",
        hashes("script", &[2, 3]),
        hashes("style", &[0, 1])
    );
    assert!(
        page.contains(&format!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">"
        ))
    );
    // Before anything that it is about.
    assert!(page.find("Content-Security-Policy") < page.find("<style"));
    assert_eq!(page.matches("<style").count(), 2);
}

#[test]
fn the_page_names_no_other_file() {
    let page = page(&made::sample());
    for (before, allowed) in
        [("href=\"", ["#", "data:,"]), (" src=", ["\0", "\0"]), ("url(", ["\0", "\0"])]
    {
        for rest in page.split(before).skip(1) {
            assert!(
                allowed.iter().any(|begin| rest.starts_with(begin)),
                "{before}{}",
                &rest[..40.min(rest.len())]
            );
        }
    }
    for never in [
        "@import",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "EventSource",
        "sendBeacon",
        "importScripts",
        "style=\"",
    ] {
        assert!(!page.contains(never), "{never}");
    }
    // uPlot's first line says where it is from; the licence says it without an address.
    assert_eq!(
        page.matches("://").count(),
        page.matches("/*! https://github.com/leeoniya/uPlot").count()
    );
}
