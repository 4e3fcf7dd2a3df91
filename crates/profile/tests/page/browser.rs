//! Chromium without a window, driven by WebDriver; without it the test says so and is skipped.
//!
//! At the end of each test two things are looked at: the page wrote no error to the console, and the browser asked for
//! the page's file and for nothing else.

use epshim_harness::process::Process;
use epshim_harness::{deadline, tools};
use fantoccini::actions::{
    Actions, InputSource as _, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions,
    PointerAction,
};
use fantoccini::actions::{WheelAction, WheelActions};
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt as _;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::Command;
use std::{fs, panic};

/// The key Control, as WebDriver has it.
const CONTROL: char = '\u{E009}';

/// How the page is looked at.
pub struct Window {
    /// A phone of this width; `None`: a window of 1,280.
    pub width: Option<u32>,
    pub has_script: bool,
    pub options: Vec<String>,
}

impl Default for Window {
    fn default() -> Self {
        Self { width: None, has_script: true, options: Vec::new() }
    }
}

/// A page in a browser.
pub struct Browser(Client);

/// What of the browser's logs is asked for. WebDriver has no such command; chromedriver has.
#[derive(Debug)]
struct Log(&'static str);

impl WebDriverCompatibleCommand for Log {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}

/// Whether there is a browser and its driver.
pub fn is_there() -> bool {
    tools::are_there(&["chromium", "chromedriver"])
}

/// Looks at a page with `look`; then no error was logged, and nothing but the file was asked for.
pub fn drive(name: &str, page: &str, options: &[&str], look: impl AsyncFnOnce(&Browser)) {
    let window =
        Window { options: options.iter().map(ToString::to_string).collect(), ..Window::default() };
    with(&window, name, page, async |browser| {
        look(browser).await;
        let errors = browser.errors().await;
        assert!(errors.is_empty(), "{errors:?}");
    });
}

/// The same in a window of its own kind; errors are the caller's to look at.
pub fn with(window: &Window, name: &str, page: &str, look: impl AsyncFnOnce(&Browser)) {
    if !is_there() {
        return;
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{name}.html"));
    fs::write(&file, page).expect("a file for the page");
    let (_driver, port) = driver();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let browser = Browser(open(window, port).await);
        let address = format!("file://{}", file.display());
        // The browser is to be closed also if the test fails: its driver would leave it behind.
        let looked = AssertUnwindSafe(look_at(&browser, &address, look)).catch_unwind().await;
        browser.0.clone().close().await.expect("the browser closes");
        if let Err(failure) = looked {
            panic::resume_unwind(failure);
        }
    });
}

/// The driver, and the port that it has chosen. It binds one number for both versions of IP, and gives up where another
/// program has the second: then it is started again.
fn driver() -> (Process, u16) {
    let mut said = String::new();
    for _ in 0..10 {
        let mut driver =
            Process::start("chromedriver", Command::new("chromedriver").arg("--port=0"));
        while let Ok(Some(line)) = driver.next_line(deadline()) {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                return (driver, port.trim_end_matches('.').parse().expect("a port"));
            }
        }
        said = driver.stderr();
    }
    panic!("chromedriver does not start: {said}");
}

async fn open(window: &Window, port: u16) -> Client {
    // Of root's processes Chromium makes no sandbox.
    let mut options =
        vec!["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"];
    options.extend(window.options.iter().map(String::as_str));
    let mut chrome = json!({ "args": options });
    if let Some(width) = window.width {
        chrome["mobileEmulation"] =
            json!({ "deviceMetrics": { "width": width, "height": 740, "pixelRatio": 2.0 } });
    }
    if !window.has_script {
        chrome["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    let wanted = json!({ "goog:chromeOptions": chrome, "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" } });
    let capabilities: Capabilities = wanted.as_object().expect("it is one").clone();
    let mut builder = ClientBuilder::new(HttpConnector::new());
    let address = format!("http://127.0.0.1:{port}");
    builder.capabilities(capabilities).connect(&address).await.expect("a browser")
}

async fn look_at(browser: &Browser, address: &str, look: impl AsyncFnOnce(&Browser)) {
    browser.0.goto(address).await.expect("the page");
    look(browser).await;
    // Whatever was clicked and zoomed.
    assert_eq!(browser.requests().await, BTreeSet::from([address.to_string()]));
}

impl Browser {
    /// What a script returns.
    pub async fn run(&self, script: &str, arguments: &[&str]) -> Value {
        let arguments = arguments.iter().map(|one| json!(one)).collect();
        self.0.execute(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// The text of an element, as it is to be read.
    pub async fn text(&self, element: &str) -> String {
        let element = self.0.find(Locator::Css(element)).await.expect("it is on the page");
        element.text().await.expect("a text")
    }

    /// Clicks in the middle of an element.
    pub async fn click(&self, element: &str) {
        let found = self.0.find(Locator::Css(element)).await.expect("it is on the page");
        found.click().await.unwrap_or_else(|error| panic!("{element}: {error}"));
    }

    /// Types.
    pub async fn keys(&self, keys: &str) {
        let each = |value| [KeyAction::Down { value }, KeyAction::Up { value }];
        let typed =
            keys.chars().flat_map(each).fold(KeyActions::new("keys".into()), KeyActions::then);
        self.0.perform_actions(typed).await.expect("the keys");
    }

    /// Drags with the left button, from a point of the window to another.
    pub async fn drag(&self, from: (f64, f64), to: (f64, f64)) {
        let mouse = MouseActions::new("mouse".into())
            .then(at(from))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(at(((from.0 + to.0) / 2.0, to.1)))
            .then(at(to))
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.0.perform_actions(mouse).await.expect("the drag");
    }

    /// Clicks at a point of the window.
    pub async fn click_at(&self, point: (f64, f64)) {
        self.drag(point, point).await;
    }

    /// Turns the wheel over a point of the window, while Control is held.
    pub async fn wheel_with_control(&self, (x, y): (f64, f64), delta_y: i64) {
        let pause = || KeyAction::Pause { duration: std::time::Duration::ZERO };
        let keys = KeyActions::new("control".into())
            .then(KeyAction::Down { value: CONTROL })
            .then(pause())
            .then(KeyAction::Up { value: CONTROL });
        let wheel = WheelActions::new("wheel".into())
            .then(WheelAction::Pause { duration: std::time::Duration::ZERO })
            .then(WheelAction::Scroll {
                duration: None,
                x: x as i64,
                y: y as i64,
                delta_x: 0,
                delta_y,
            });
        self.0.perform_actions(Actions::from(keys).and(wheel)).await.expect("the wheel");
    }

    /// The page as a PDF.
    pub async fn print(&self) -> Vec<u8> {
        self.0.print(fantoccini::wd::PrintConfiguration::default()).await.expect("a PDF")
    }

    /// Warnings and errors of the console.
    pub async fn errors(&self) -> Vec<String> {
        let is_bad = |entry: &&Value| entry["level"] == "SEVERE" || entry["level"] == "WARNING";
        let entries = self.log("browser").await;
        entries.iter().filter(is_bad).map(|entry| entry["message"].to_string()).collect()
    }

    /// The addresses that were asked for, on the net or elsewhere.
    async fn requests(&self) -> BTreeSet<String> {
        let event = |entry: &Value| serde_json::from_str(entry["message"].as_str()?).ok();
        let events: Vec<Value> = self.log("performance").await.iter().filter_map(event).collect();
        let address = |event: &Value| {
            let message = &event["message"];
            let is_request = message["method"] == "Network.requestWillBeSent";
            is_request.then(|| {
                message["params"]["request"]["url"].as_str().unwrap_or_default().to_string()
            })
        };
        events.iter().filter_map(address).collect()
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let entries = self.0.issue_cmd(Log(kind)).await.expect("chromedriver keeps logs");
        entries.as_array().expect("a list").clone()
    }
}

fn at((x, y): (f64, f64)) -> PointerAction {
    PointerAction::MoveTo { duration: None, x, y }
}
