//! A profile as one HTML page to send around: text, tables, curves, and the run's turns to zoom into.
//!
//! The page is one file and asks for no other: its Content-Security-Policy forbids everything but its own two styles and
//! two scripts, by their checksums. Verdicts and tables are in the HTML and need no script. What the curves are drawn of
//! is packed in blocks of JSON, which a browser does not run.
//!
//! Every text that came from the program is escaped twice: characters that command a reader's terminal or turn the
//! writing's direction are shown as their numbers (`shown.rs`), and `maud` escapes what HTML would read.
//!
//! Surprising: the page has a limit, 8 MB. What does not fit is the earliest turns of the list; the timeline's columns
//! have the whole run all the same.

mod assets;
mod budget;
mod cell;
mod curves;
mod descriptors;
mod figures;
mod findings;
mod number;
mod pack;
mod program;
mod shown;
mod sites;
mod stack;
mod strip;
mod threads;
mod turns;
mod verdicts;

use crate::document::Profile;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The page of a profile, as HTML in UTF-8. It is below 8 MB, if command, findings and call sites are not absurdly long.
#[must_use]
pub fn page(profile: &Profile) -> String {
    let mut page = document(profile).into_string();
    let end = end().into_string();
    budget::push_turns(&mut page, profile, end.len());
    page.push_str(&end);
    page
}

/// The scripts, after what they read.
fn end() -> Markup {
    html! {
        @for script in assets::SCRIPTS {
            script { (PreEscaped(script)) }
        }
        (PreEscaped("</body></html>\n"))
    }
}

/// All but the turns one by one and the end.
fn document(profile: &Profile) -> Markup {
    let title = program::title(profile);
    html! {
        (DOCTYPE)
        (PreEscaped("<html lang=\"en\">"))
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(assets::policy());
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="generator" content={ "epshim " (shown::text(&profile.program.epshim)) };
            link rel="icon" href="data:,";
            title { (title) }
            @for style in assets::STYLES {
                style { (PreEscaped(style)) }
            }
        }
        (PreEscaped("<body>"))
        header {
            h1 { (title) }
            (program::subtitle(profile))
        }
        main {
            (verdicts::section(profile))
            (threads::section(profile))
            (curves::timeline(profile))
            (curves::distributions(profile))
            (turns::section(profile))
            (findings::section(profile))
            (descriptors::section(profile))
            (sites::section(profile))
            (figures::section(profile))
            (program::not_seen(profile))
        }
        footer { (program::about(profile)) }
        (curves::data(profile))
    }
}
