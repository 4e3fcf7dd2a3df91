//! Which processes are meant: by id, by name, by systemd unit, or by a container's id.
//!
//! Units and containers are found in `/proc/PID/cgroup`, which needs no manager to be asked and no permission.

use std::fs;
use std::path::Path;

/// As long as a short id of a container.
const ID: usize = 12;
/// The kernel keeps so much of a name.
const NAME: usize = 15;

/// The processes that are meant, each once. An error is a sentence.
pub fn find(words: &[String]) -> Result<Vec<i32>, String> {
    let mut found = Vec::new();
    for word in words {
        let pids = match word.parse::<i32>() {
            Ok(pid @ 1..) => vec![pid],
            Ok(_) => return Err(format!("{word} is no process id")),
            Err(_) => by_name(word),
        };
        if pids.is_empty() {
            return Err(format!(
                "no process, unit or container is called `{word}`; `epshim inspect --all` lists those with an epoll"
            ));
        }
        for pid in pids {
            if !found.contains(&pid) {
                found.push(pid);
            }
        }
    }
    Ok(found)
}

/// The one process that is meant.
pub fn one(word: &str) -> Result<i32, String> {
    match find(&[word.to_owned()])?[..] {
        [pid] => Ok(pid),
        ref all => Err(format!("`{word}` is {} processes: one is wanted", all.len())),
    }
}

fn by_name(word: &str) -> Vec<i32> {
    let own = std::process::id() as i32;
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found: Vec<i32> =
        pids.filter(|&pid| pid != own && (is_called(pid, word) || is_in(pid, word))).collect();
    found.sort_unstable();
    found
}

/// Its name, or that of its program.
fn is_called(pid: i32, word: &str) -> bool {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"));
    let short = word.get(..NAME).unwrap_or(word);
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    // One that ends at this moment has no name, and is not what no name means.
    name.is_ok_and(|name| !word.is_empty() && name.trim_end_matches('\n') == short)
        || program.file_name().is_some_and(|base| Path::new(base) == Path::new(word))
}

/// Whether it is in the control group of a unit or of a container.
fn is_in(pid: i32, word: &str) -> bool {
    let is_id = word.len() >= ID && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_unit = word.contains('.');
    if !is_id && !is_unit {
        return false;
    }
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    // `0::/system.slice/docker-3f8a2c91d04e....scope`
    let paths = text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let mut parts = paths.flat_map(|path| path.split('/'));
    parts.any(|part| is_unit && part == word || is_id && id_of(part).starts_with(word))
}

/// What of a group's name is the id: `docker-ID.scope`, `cri-containerd-ID.scope`, `ID`.
fn id_of(part: &str) -> &str {
    let part = part.strip_suffix(".scope").unwrap_or(part);
    part.rsplit('-').next().unwrap_or(part)
}
