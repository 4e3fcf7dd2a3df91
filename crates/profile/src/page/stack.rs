//! What a thread did in a slow turn, by samples.

use super::{number, shown};
use crate::document::{Place, SampledStack};
use crate::place_names;
use maud::{Markup, html};

/// Frames of a stack that are shown.
const FRAMES: usize = 24;
/// Stacks of a turn that are shown.
const STACKS: usize = 5;

/// A place in words, as a page may show them.
pub(super) fn place(place: &Place) -> String {
    shown::text(&place_names::place(place)).into_owned()
}

/// The function that most samples were in, in a few words; `None`: there are no samples.
pub(super) fn top(stacks: &[SampledStack]) -> Option<String> {
    let most = stacks.first()?;
    let innermost = most.places.first().map(place).unwrap_or_default();
    let all = samples(stacks);
    let call = if most.call.is_empty() {
        String::new()
    } else {
        format!(", in {}", shown::text(&most.call))
    };
    Some(format!(
        "{} of {} samples in {innermost}{call}",
        number::count(most.samples),
        number::count(all)
    ))
}

fn samples(stacks: &[SampledStack]) -> u64 {
    stacks.iter().fold(0, |sum, stack| sum.saturating_add(stack.samples))
}

/// All of them, the most frequent first.
pub(super) fn list(stacks: &[SampledStack]) -> Markup {
    let all = samples(stacks);
    html! {
        @for stack in stacks.iter().take(STACKS) {
            div.stack {
                p { data value=(stack.samples) { (number::count(stack.samples)) " of " (number::count(all)) " samples" }
                    @if !stack.call.is_empty() { ", asleep in " bdi.code { (shown::text(&stack.call)) } } }
                ol {
                    @for one in stack.places.iter().take(FRAMES) { li { bdi.code { (place(one)) } } }
                }
                @if stack.places.len() > FRAMES { p.note { "and " (stack.places.len() - FRAMES) " callers more" } }
            }
        }
        @if stacks.len() > STACKS { p.note { "and " (stacks.len() - STACKS) " stacks more" } }
        @if stacks.is_empty() { p.note { "There is no sample of this turn." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_what_is_known_of_it() {
        let mut one = Place { offset: 0x7f01, ..Place::default() };
        assert_eq!(place(&one), "0x7f01");
        one.module = "/usr/bin/server".into();
        assert_eq!(place(&one), "server+0x7f01");
        one.function = Some("parse".into());
        assert_eq!(place(&one), "parse (server+0x7f01)");
        one.file = Some("/src/json.c".into());
        assert_eq!(place(&one), "parse (json.c)");
        one.line = Some(210);
        assert_eq!(place(&one), "parse (json.c:210)");
    }
}
