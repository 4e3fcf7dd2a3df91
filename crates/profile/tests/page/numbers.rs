//! What the page says is what the profile says.

use crate::browser::drive;
use crate::{blocks, made};
use epshim_profile::{Profile, page};
use serde_json::{Value, json};

#[test]
fn each_figure_is_on_the_page_as_it_is_in_the_profile() {
    let profile = made::sample();
    let page = page(&profile);
    for (name, what, figure) in profile.figures.each() {
        let number = figure
            .number()
            .map(|number| format!(" data-v=\"{number}\" title=\"{number}\""))
            .unwrap_or_default();
        assert!(
            page.contains(&format!("<td class=\"n\" data-figure=\"{name}\"{number}>")),
            "{name}"
        );
        assert!(page.contains(&format!("<td class=\"what\">{what}</td>")), "{what}");
    }
}

#[test]
fn the_packed_lists_are_the_profiles() {
    let profile = made::sample();
    let page = page(&profile);
    let data = blocks::json(&page, "profile");
    for (lane, packed) in
        profile.timeline.lanes.iter().zip(data["lanes"].as_array().expect("lanes"))
    {
        for (name, list) in [
            ("busy", &lane.busy),
            ("runnable", &lane.runnable),
            ("turn_max", &lane.turn_max),
            ("turns", &lane.turns),
        ] {
            assert_eq!(&blocks::unpacked(&packed[name]), list, "{name}");
        }
    }
    let sums: Vec<u64> = (0..profile.timeline.columns)
        .map(|column| profile.timeline.lanes.iter().map(|lane| lane.bytes_out[column]).sum())
        .collect();
    assert_eq!(blocks::unpacked(&data["bytes_out"]), sums);
    let turns = blocks::json(&page, "turns-one-by-one");
    for (turns, packed) in profile.turns.iter().zip(turns.as_array().expect("threads")) {
        assert_eq!(packed["from"], json!(turns.from));
        assert_eq!(blocks::unpacked(&packed["after"]), turns.after);
        assert_eq!(blocks::unpacked(&packed["length"]), turns.length);
    }
}

#[test]
fn verdict_and_tables_are_there_without_a_script() {
    let profile = made::sample();
    let page = page(&profile);
    let (without, _) = page.split_once("<script").expect("scripts come last");
    assert_eq!(without.matches("<tr class=\"turn\"").count(), profile.slow_turns.len());
    assert_eq!(without.matches("<tr id=\"descriptor-").count(), profile.descriptors.len());
    for verdict in &profile.verdicts {
        assert!(without.contains(&verdict.text.replace('<', "&lt;")), "{}", verdict.text);
    }
    for site in &profile.sites {
        assert!(without.contains(&site.name), "{}", site.name);
    }
    assert!(without.contains(
        "412 ms between read (<bdi class=\"code\">on_readable http.c:88</bdi>) and write"
    ));
}

/// The rows of a table, as their cells' exact numbers; text where there is none.
const ROWS: &str = "return [...document.querySelectorAll(arguments[0] + ' > tbody > tr')].map((row) => \
    [...row.cells].map((cell) => cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v)))";

/// A column of the rows, as far as the profile's list goes.
fn column(rows: &Value, place: usize) -> Vec<Value> {
    rows.as_array().expect("rows").iter().map(|row| row[place].clone()).collect()
}

fn list(numbers: impl Iterator<Item = u64>) -> Vec<Value> {
    numbers.map(Value::from).collect()
}

#[test]
fn a_browser_shows_the_profiles_numbers() {
    drive("numbers", &page(&made::sample()), &[], async |browser| {
        let profile = made::sample();
        let rows = browser.run(ROWS, &["#turn-table"]).await;
        assert_eq!(column(&rows, 0), list(profile.slow_turns.iter().map(|turn| turn.at)));
        assert_eq!(column(&rows, 1), list(profile.slow_turns.iter().map(|turn| turn.length)));
        let rows = browser.run(ROWS, &["#descriptor-table"]).await;
        assert_eq!(column(&rows, 4), list(profile.descriptors.iter().map(|row| row.deliveries)));
        assert_eq!(column(&rows, 6), list(profile.descriptors.iter().map(|row| row.bytes_out)));
        let rows = browser.run(ROWS, &["#thread-table"]).await;
        assert_eq!(column(&rows, 1), list(profile.threads.iter().map(|thread| thread.busy)));
        let rows = browser.run(ROWS, &["#histogram-table"]).await;
        assert_eq!(column(&rows, 6), list(profile.histograms.iter().filter_map(|one| one.p99)));
        drawn(&profile, &browser.run(DRAWN, &[]).await);
        let different = browser.run(WORDS, &[]).await;
        assert_eq!(different, json!([]), "number.js says these otherwise than number.rs");
    });
}

/// The sums of what the script has unpacked.
const DRAWN: &str = "const sum = (list) => list.reduce((one, other) => one + other, 0); const { profile } = epshim; \
    return { busy: profile.lanes.map((lane) => sum(lane.busy)), turns: profile.lanes.map((lane) => lane.list.begin.length), \
    length: profile.lanes.map((lane) => sum(lane.list.length)), last: profile.lanes.map((lane) => lane.list.begin.at(-1)), \
    bytes: sum(profile.bytes_out) }";

fn drawn(profile: &Profile, found: &Value) {
    let lanes = |sum: fn(&epshim_profile::Turns) -> u64| -> Value {
        profile.turns.iter().map(sum).collect()
    };
    assert_eq!(found["busy"], profile.threads.iter().map(|thread| thread.busy).collect::<Value>());
    assert_eq!(found["turns"], lanes(|turns| turns.length.len() as u64));
    assert_eq!(found["length"], lanes(|turns| turns.length.iter().sum()));
    assert_eq!(found["last"], lanes(|turns| turns.from + turns.after.iter().sum::<u64>()));
    assert_eq!(found["bytes"], json!(profile.figures.bytes_out.whole()));
}

/// Cells that `number.js` would write otherwise.
const WORDS: &str = "return [...document.querySelectorAll('td.n[title]')].filter((cell) => !cell.dataset.figure).map((cell) => \
    [cell.textContent, (cell.title.endsWith(' ns') ? epshim.duration : epshim.bytes)(Number(cell.dataset.v))]) \
    .filter(([rust, script]) => rust !== script && rust !== '–')";
