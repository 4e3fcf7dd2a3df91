//! Profiles that are odd: of nothing, and of the greatest numbers there are.

use crate::browser::drive;
use crate::made;
use epshim_profile::{Drops, Figures, Profile, Timeline, page};
use serde_json::{Value, json};

/// A process that never waited.
fn nothing() -> Profile {
    let sample = made::sample();
    let mut profile = Profile {
        started: 0.0,
        duration: 0,
        figures: Figures::default(),
        threads: Vec::new(),
        processes: Vec::new(),
        slow_turns: Vec::new(),
        descriptors: Vec::new(),
        sites: Vec::new(),
        timeline: Timeline::default(),
        turns: Vec::new(),
        histograms: Vec::new(),
        drops: Drops::default(),
        findings: Vec::new(),
        not_seen: Vec::new(),
        ..sample
    };
    // Its verdicts name what is not there.
    profile.verdicts[0].grounds.clear();
    profile
}

/// Each number of a document in the place of the sample's, where the document can have it.
fn with_numbers(value: &mut Value, number: &Value) {
    match value {
        Value::Number(_) => *value = number.clone(),
        Value::Array(list) => list.iter_mut().for_each(|one| with_numbers(one, number)),
        Value::Object(map) => {
            let is_small = |name: &str| {
                [
                    "schema", "pid", "tid", "fd", "epfd", "errno", "signal", "parent", "line",
                    "events",
                ]
                .contains(&name)
            };
            for (name, one) in map.iter_mut().filter(|(name, _)| !is_small(name)) {
                // What counts deliveries of the latest turns has 32 bits, and so have processors.
                let is_short =
                    one.as_array().is_some_and(|list| name == "deliveries" && !list.is_empty())
                        || name == "processors";
                if !is_short {
                    with_numbers(one, number);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn a_page_of_any_numbers_is_made() {
    for number in [json!(u64::MAX), json!(0), json!(1), json!(u64::MAX / 3)] {
        let mut value = serde_json::to_value(made::sample()).expect("JSON");
        let schema = value["schema"].clone();
        let lanes = value["timeline"]["lanes"][0]["deliveries"].clone();
        with_numbers(&mut value, &number);
        value["schema"] = schema;
        value["timeline"]["lanes"][0]["deliveries"] = lanes;
        let profile: Profile =
            serde_json::from_value(value).unwrap_or_else(|error| panic!("{number}: {error}"));
        let page = page(&profile);
        assert!(page.ends_with("</body></html>\n"), "{number}");
    }
}

#[test]
fn a_page_of_nothing_has_a_verdict_and_draws_nothing() {
    drive("nothing", &page(&nothing()), &[], async |browser| {
        let found = browser.run(
            "return [document.querySelectorAll('canvas, table.sortable').length, typeof epshim]",
            &[],
        );
        assert_eq!(found.await, json!([0, "object"]));
        assert!(browser.text("#verdict").await.contains("5 turns took more than 100 ms"));
        // Keys of what is not there do nothing.
        browser.keys("+0np/").await;
    });
}
