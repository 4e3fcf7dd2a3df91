//! A page that can be sent around: below 8 MB, whatever the run was.

use crate::browser::drive;
use crate::{blocks, made};
use epshim_profile::page;
use serde_json::json;

const LIMIT: usize = 8_000_000;

#[test]
fn a_page_of_500_000_turns_has_them_all() {
    let page = page(&made::long());
    assert!(page.len() < LIMIT, "{}", page.len());
    let turns = blocks::json(&page, "turns-one-by-one");
    for thread in 0..2 {
        assert_eq!(blocks::unpacked(&turns[thread]["length"]), made::long().turns[thread].length);
    }
}

#[test]
fn a_page_of_all_that_a_profile_may_have_leaves_the_earliest_turns_out() {
    let profile = made::full();
    let page = page(&profile);
    assert!(page.len() < LIMIT, "{}", page.len());
    let data = blocks::json(&page, "profile");
    let lanes = data["lanes"].as_array().expect("lanes");
    assert_eq!(lanes.len(), 64);
    // Columns were merged, and nothing of them was lost.
    let sum = |list: &[u64]| list.iter().sum::<u64>();
    assert_eq!(sum(&blocks::unpacked(&lanes[0]["busy"])), sum(&profile.timeline.lanes[0].busy));
    assert!(data["lane_width"].as_u64() > data["width"].as_u64());
    let turns = blocks::json(&page, "turns-one-by-one");
    let kept = blocks::unpacked(&turns[0]["length"]);
    assert!(profile.turns[0].length.ends_with(&kept) && !kept.is_empty(), "{}", kept.len());
}

#[test]
fn a_browser_draws_500_000_turns() {
    drive("long", &page(&made::long()), &[], async |browser| {
        let turns = browser
            .run("return epshim.profile.lanes.map((lane) => lane.list.begin.length)", &[])
            .await;
        assert_eq!(turns, json!([250_000, 250_000]));
        // All of them at once, and a few.
        let busy = browser.run("epshim.view.set(epshim.view.to - 2e9, epshim.view.to); return epshim.view.to - epshim.view.from", &[]).await;
        assert_eq!(busy, json!(2_000_000_000_u64));
    });
}
