//! The blocks of a page that a script or a policy is about, taken from its text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What is between each `<tag ...>` and its end.
pub fn of(page: &str, tag: &str) -> Vec<String> {
    let (begin, end) = (format!("<{tag}"), format!("</{tag}>"));
    let rest = |part: &str| {
        let body = part.split_once('>').expect("a tag ends").1;
        body.split_once(&end).expect("it is closed").0.to_string()
    };
    page.split(&begin).skip(1).map(rest).collect()
}

/// A block of JSON, by its id.
pub fn json(page: &str, id: &str) -> Value {
    let begin = page.split_once(&format!("id=\"{id}\" type=\"application/json\">"));
    let begin = begin
        .or_else(|| page.split_once(&format!("<script id=\"{id}\" type=\"application/json\">")));
    let text = begin
        .unwrap_or_else(|| panic!("no block {id}"))
        .1
        .split_once("</script>")
        .expect("it is closed")
        .0;
    serde_json::from_str(text).expect("JSON")
}

/// A packed list: LEB128 in base64.
pub fn unpacked(packed: &Value) -> Vec<u64> {
    let (mut numbers, mut number, mut shift) = (Vec::new(), 0_u64, 0);
    for byte in STANDARD.decode(packed.as_str().expect("a text")).expect("base64") {
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            numbers.push(number);
            (number, shift) = (0, 0);
        }
    }
    numbers
}
