//! A phone, the dark, paper, and no script.

use crate::browser::{Window, drive, with};
use crate::made;
use epshim_profile::page;
use serde_json::json;

#[test]
fn nothing_is_wider_than_a_phone() {
    let phone = Window { width: Some(360), ..Window::default() };
    with(&phone, "phone", &page(&made::sample()), async |browser| {
        browser.click("#turn-0 td:nth-child(2)").await;
        let width =
            browser.run("return [innerWidth, document.documentElement.scrollWidth]", &[]).await;
        assert_eq!(width, json!([360, 360]));
    });
}

#[test]
fn in_the_dark_the_ground_is_dark_and_the_text_is_not() {
    let colours = "const { backgroundColor, color } = getComputedStyle(document.body); return [backgroundColor, color]";
    drive("light", &page(&made::sample()), &[], async |browser| {
        assert_eq!(
            browser.run(colours, &[]).await,
            json!(["rgb(255, 255, 255)", "rgb(27, 36, 48)"])
        );
    });
    drive(
        "dark",
        &page(&made::sample()),
        &["--blink-settings=preferredColorScheme=0"],
        async |browser| {
            assert_eq!(
                browser.run(colours, &[]).await,
                json!(["rgb(20, 24, 30)", "rgb(228, 232, 238)"])
            );
        },
    );
}

#[test]
fn without_a_script_verdict_and_tables_are_to_be_read() {
    let window = Window { has_script: false, ..Window::default() };
    with(&window, "no-script", &page(&made::sample()), async |browser| {
        let verdict = browser.text("#verdict article.main").await;
        assert!(verdict.contains("5 turns took more than 100 ms, the worst 412 ms"), "{verdict}");
        let turns = browser.text("#turn-table").await;
        assert!(
            turns.contains(
                "412 ms between read (on_readable http.c:88) and write (respond http.c:131)"
            ),
            "{turns}"
        );
        assert!(browser.text("#descriptor-table").await.contains("10.0.0.13:40370"));
        assert!(browser.text("#timeline").await.contains("The timeline needs a script."));
        // A row opens all the same: it is HTML's own.
        browser.click("#turn-0 summary").await;
        assert!(browser.text("#turn-0").await.contains("skip_blanks (json.c:64)"));
    });
}

#[test]
fn on_paper_there_is_no_button_and_the_tables_are_whole() {
    drive("paper", &page(&made::sample()), &[], async |browser| {
        // A PDF begins so. That its tables are not cut is what the style for print says.
        let paper = browser.print().await;
        assert!(paper.starts_with(b"%PDF-"));
        let rules = browser.run(
            "return [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]) \
                .filter((rule) => rule.media?.mediaText === 'print').flatMap((rule) => [...rule.cssRules]) \
                .filter((rule) => rule.selectorText === '.scroll').map((rule) => rule.style.overflow)",
            &[],
        );
        assert_eq!(rules.await, json!(["visible"]));
    });
}
