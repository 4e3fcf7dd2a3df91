//! Tables in a browser: sorted, filtered, and what a slow turn opens to.

use crate::browser::{Browser, drive};
use crate::{escaping, made};
use epshim_profile::page;
use serde_json::{Value, json};

/// The descriptors' numbers in the order of the rows that are shown.
const SHOWN: &str = "return [...document.querySelectorAll('#descriptor-table > tbody > tr')] \
    .filter((row) => row.checkVisibility()).map((row) => Number(row.cells[0].dataset.v))";

async fn shown(browser: &Browser) -> Value {
    browser.run(SHOWN, &[]).await
}

#[test]
fn a_click_on_a_heading_sorts_and_another_turns_the_order() {
    drive("sort", &page(&made::sample()), &[], async |browser| {
        let mut rows = made::sample().descriptors;
        rows.sort_by_key(|row| std::cmp::Reverse(row.bytes_out));
        let down: Vec<i32> = rows.iter().map(|row| row.fd).collect();
        browser.click("#descriptor-table th:nth-child(7) button").await;
        assert_eq!(shown(browser).await, json!(down));
        browser.click("#descriptor-table th:nth-child(7) button").await;
        rows.reverse();
        let up: Vec<i32> = rows.iter().map(|row| row.fd).collect();
        assert_eq!(shown(browser).await, json!(up));
        let said = browser.run("return [...document.querySelectorAll('#descriptor-table th[aria-sort]')].map((head) => head.ariaSort)", &[]);
        assert_eq!(said.await, json!(["ascending"]));
        // By words, from the first: kinds.
        browser.click("#descriptor-table th:nth-child(2) button").await;
        assert_eq!(shown(browser).await[0], json!(3), "the listener");
    });
}

#[test]
fn a_filter_shows_the_rows_that_have_its_words() {
    drive("filter", &page(&made::sample()), &[], async |browser| {
        browser.keys("/10.0.0.13 stream").await;
        assert_eq!(shown(browser).await, json!([18]));
        let said = browser
            .run("return document.querySelector('#descriptors .filter output').textContent", &[])
            .await;
        assert_eq!(said, json!("1 of 25"));
        // Letters in the field are no keys of the timeline.
        let span = browser.run("return [epshim.view.from, epshim.view.to]", &[]).await;
        assert_eq!(span, json!([0, 61_000_000_000_u64]));
    });
}

#[test]
fn hostile_names_are_shown_and_nothing_of_them_runs() {
    drive("hostile", &page(&escaping::hostile()), &[], async |browser| {
        let found = browser.run(
            "return [document.images.length, document.scripts.length, document.styleSheets.length, \
                document.querySelectorAll('[onclick], [onerror]').length]",
            &[],
        );
        assert_eq!(found.await, json!([0, 4, 2, 0]));
        let text =
            browser.run("return document.querySelector('.verdict .text').textContent", &[]).await;
        let text = text.as_str().expect("a text");
        assert!(text.starts_with("</script></style><script>alert(1)</script><img src=x"), "{text}");
        assert!(text.ends_with(r"\u{2028}\u{2029}\u{202e}\u{2066}"), "{text}");
    });
}

#[test]
fn the_policy_stops_a_script_that_is_put_into_the_page() {
    let page =
        page(&made::sample()).replace("</main>", "<script>globalThis.stolen = 1</script></main>");
    let mut said = Vec::new();
    crate::browser::with(&crate::browser::Window::default(), "smuggled", &page, async |browser| {
        let stolen = browser
            .run("return globalThis.stolen === undefined && epshim.profile.lanes.length", &[])
            .await;
        assert_eq!(stolen, json!(2));
        said = browser.errors().await;
    });
    if crate::browser::is_there() {
        assert!(said.iter().any(|error| error.contains("Content Security Policy")), "{said:?}");
    }
}
