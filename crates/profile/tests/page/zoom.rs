//! The timeline in a browser: buttons, keys, mouse and wheel; slow turns and findings.

use crate::browser::{Browser, drive};
use crate::made;
use epshim_profile::page;
use serde_json::Value;

const WHOLE: f64 = 61e9;

/// What the timeline says that it shows.
async fn span(browser: &Browser) -> (f64, f64) {
    let script = "const { from, to } = document.getElementById('shown').dataset; return [Number(from), Number(to)]";
    let shown = browser.run(script, &[]).await;
    (shown[0].as_f64().expect("from"), shown[1].as_f64().expect("to"))
}

#[track_caller]
fn assert_near((from, to): (f64, f64), expected: (f64, f64)) {
    let error = WHOLE / 1000.0;
    assert!(
        (from - expected.0).abs() < error && (to - expected.1).abs() < error,
        "{from} to {to}, not {expected:?}"
    );
}

#[test]
fn buttons_and_keys_zoom_and_move() {
    drive("keys", &page(&made::sample()), &[], async |browser| {
        browser.click("button[data-do=in]").await;
        assert_near(span(browser).await, (WHOLE / 4.0, WHOLE * 3.0 / 4.0));
        browser.keys("+").await;
        assert_near(span(browser).await, (WHOLE * 3.0 / 8.0, WHOLE * 5.0 / 8.0));
        browser.keys("\u{E014}").await; // right
        assert_near(span(browser).await, (WHOLE * 7.0 / 16.0, WHOLE * 11.0 / 16.0));
        browser.keys("\u{E012}\u{E012}").await; // left
        assert_near(span(browser).await, (WHOLE * 5.0 / 16.0, WHOLE * 9.0 / 16.0));
        browser.keys("-").await;
        assert_near(span(browser).await, (WHOLE * 3.0 / 16.0, WHOLE * 11.0 / 16.0));
        browser.keys("0").await;
        assert_near(span(browser).await, (0.0, WHOLE));
        let words = browser.run("return document.getElementById('shown').textContent", &[]).await;
        assert_eq!(words, "the whole run, 61.0 s");
    });
}

/// Where a time is on the lanes, in pixels of the window.
async fn on_lanes(browser: &Browser, time: f64, lane: usize) -> (f64, f64) {
    let script = "document.getElementById('lanes').scrollIntoView({ block: 'center' }); \
        const frame = document.getElementById('lanes').getBoundingClientRect(); \
        return [frame.left + 56, frame.width - 66, frame.top]";
    let frame = browser.run(script, &[]).await;
    let number = |place: usize| frame[place].as_f64().expect("a number");
    let (from, to) = span(browser).await;
    (number(0) + (time - from) / (to - from) * number(1), number(2) + 64.0 * lane as f64)
}

#[test]
fn a_drag_over_the_lanes_zooms_to_it_and_the_wheel_with_control_too() {
    drive("drag", &page(&made::sample()), &[], async |browser| {
        let (left, top) = on_lanes(browser, 20e9, 0).await;
        let (right, _) = on_lanes(browser, 30e9, 0).await;
        browser.drag((left, top + 30.0), (right, top + 30.0)).await;
        assert_near(span(browser).await, (20e9, 30e9));
        let (middle, top) = on_lanes(browser, 25e9, 0).await;
        browser.wheel_with_control((middle, top + 30.0), -120).await;
        assert_near(span(browser).await, (21e9, 29e9));
        let under = browser.run("return document.getElementById('under').textContent", &[]).await;
        assert!(under.as_str().is_some_and(|text| text.contains("http 4711: busy")), "{under}");
        // uPlot's own select, on a curve.
        let frame = browser.run("document.querySelector('#curves .u-over').scrollIntoView({ block: 'center' }); \
            const { left, width, top } = document.querySelector('#curves .u-over').getBoundingClientRect(); return [left, width, top]", &[]);
        let frame = frame.await;
        let number = |place: usize| frame[place].as_f64().expect("a number");
        let at = |part: f64| (number(0) + number(1) * part, number(2) + 20.0);
        browser.drag(at(0.25), at(0.75)).await;
        assert_near(span(browser).await, (23e9, 27e9));
    });
}

/// What of a slow turn's row is to be seen.
async fn row(browser: &Browser, turn: usize) -> String {
    let row = browser
        .run("return document.getElementById(arguments[0]).innerText", &[&format!("turn-{turn}")])
        .await;
    row.as_str().expect("a text").to_string()
}

/// The turn is in view, and takes most of it.
async fn assert_shows(browser: &Browser, turn: usize) {
    let slow = &made::sample().slow_turns[turn];
    let (begin, end) = (slow.at as f64, (slow.at + slow.length) as f64);
    let (from, to) = span(browser).await;
    assert!(
        from <= begin && end <= to && to - from < 2.0 * (end - begin),
        "{from} to {to}, turn {begin} to {end}"
    );
}

#[test]
fn a_click_on_a_slow_turn_zooms_there_and_shows_both_neighbours_and_the_stack() {
    drive("turn", &page(&made::sample()), &[], async |browser| {
        assert!(!row(browser, 1).await.contains("skip_blanks (json.c:64)"), "it is closed");
        browser.click("#turn-1 td:nth-child(2)").await;
        assert_shows(browser, 1).await;
        let text = row(browser, 1).await;
        for part in [
            "read (on_readable http.c:88), descriptor 21, 64.7 us into the turn",
            "write (respond http.c:131), descriptor 21, 240 ms into the turn",
            "21 of 24 samples",
            "parse_body (json.c:210)",
            "skip_blanks (json.c:64)",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        // The flag of another, on the lanes, after all is shown again.
        browser.keys("0").await;
        let fourth = made::sample().slow_turns[4].at as f64;
        let (left, top) = on_lanes(browser, fourth, 1).await;
        browser.click_at((left + 4.0, top + 22.0)).await;
        assert_shows(browser, 4).await;
        assert!(row(browser, 4).await.contains("before the gap"));
        // n and p go through them in the order of time.
        browser.keys("n").await;
        assert_shows(browser, 1).await;
        browser.keys("p").await;
        assert_shows(browser, 4).await;
    });
}

#[test]
fn the_verdict_and_the_findings_lead_to_their_place() {
    drive("verdict", &page(&made::sample()), &[], async |browser| {
        browser.click("#verdict article.main a.zoom").await;
        assert_shows(browser, 0).await;
        assert!(row(browser, 0).await.contains("skip_blanks (json.c:64)"), "it is open");
        browser.click("#finding-1 a.zoom").await;
        assert_near(span(browser).await, (43.5e9, 44.5e9));
        let chosen = browser.run("return epshim.view.chosen", &[]).await;
        assert_eq!(chosen, Value::Null);
    });
}
