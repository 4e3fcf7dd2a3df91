//! The manual page has every key of `EPSHIM_OPTIONS`, and no other.

use epshim_check::Options;
use std::collections::BTreeSet;

#[test]
fn the_page_has_the_keys_of_the_help() {
    let help = Options::help();
    let pairs = help.lines().filter_map(|line| line.trim_start().split_once('='));
    let keys: BTreeSet<_> = pairs
        .map(|(key, _)| key)
        .filter(|key| *key != "EPSHIM_OPTIONS" && !key.contains(' '))
        .collect();
    assert!(keys.contains("log_path") && keys.len() >= 16, "{help}");
    let page = include_str!("../../../man/epshim-check.1");
    let (_, environment) = page.split_once(".It Ev EPSHIM_OPTIONS").expect("it is described");
    let items = environment.lines().filter_map(|line| line.strip_prefix(".It Cm "));
    let shown: BTreeSet<_> = items.filter_map(|item| item.split(' ').next()).collect();
    assert_eq!(shown, keys);
}
