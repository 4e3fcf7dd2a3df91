//! Traces of real programs under load, recorded by `tests/traces/record.sh`: the rules are silent on each. And what
//! reads traces reads any bytes.

mod any_bytes;
mod packed;

use epshim_check::Certainty;
use epshim_check::replay::Replay;
use epshim_observe::What;
use epshim_observe::reading::Reading;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What was recorded.
const PROGRAMS: [&str; 5] = ["asyncio", "nginx", "node", "redis", "tokio"];
/// All together.
const MOST_BYTES: usize = 2 << 20;

fn traces() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/traces");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let traces = entries.filter(|path| path.extension().is_some_and(|end| end == "trace"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    traces.map(read).collect()
}

#[test]
fn the_rules_are_silent_on_real_programs_under_load() {
    let traces = traces();
    assert_eq!(traces.keys().map(String::as_str).collect::<Vec<_>>(), PROGRAMS);
    assert!(traces.values().map(Vec::len).sum::<usize>() < MOST_BYTES);
    for (name, bytes) in traces {
        let (mut replay, mut reading) = (Replay::default(), Reading::default());
        let (mut waits, mut deliveries, mut calls) = (0, 0, 0);
        let taken = reading.more(&bytes, |it| {
            match &it.what {
                What::Wait { .. } => waits += 1,
                What::Got { deliveries: all } => deliveries += all.len(),
                What::Read { .. } | What::Write { .. } => calls += 1,
                What::Dropped { .. } => panic!("{name}: it is not whole"),
                _ => {}
            }
            replay.step(&it);
        });
        taken.unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(reading.end(|_| {}), Ok(0), "{name} is cut off");
        assert!(waits > 100 && deliveries > 100 && calls > 100, "{name}: no load");
        let found = replay.found();
        let found: Vec<_> =
            found.iter().filter(|one| one.finding.certainty > Certainty::Note).collect();
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}
