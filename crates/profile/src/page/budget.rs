//! The turns one by one: as many of the latest as the page has room for.

use super::{pack, shown};
use crate::document::{Profile, Turns};
use serde::Serialize;

/// The whole page is smaller.
const LIMIT: usize = 8_000_000;
/// For the block's tags, and names in it.
const AROUND: usize = 4_096;

/// The latest turns of a thread.
#[derive(Serialize)]
struct TurnData {
    /// Its place in the page's threads.
    thread: usize,
    from: u64,
    after: String,
    length: String,
    deliveries: String,
}

/// Adds the block of turns. `rest` bytes follow.
pub(super) fn push_turns(page: &mut String, profile: &Profile, rest: usize) {
    let room = LIMIT.saturating_sub(page.len() + rest + AROUND + profile.turns.len() * 128);
    let kept = cut(profile, room / 4 * 3);
    page.push_str("<script id=\"turns-one-by-one\" type=\"application/json\">");
    page.push_str(&shown::json(&kept));
    page.push_str("</script>");
}

/// The turns that `room` bytes have room for: all that end after a time, which is the same for all threads.
fn cut(profile: &Profile, room: usize) -> Vec<TurnData> {
    let lists: Vec<(&Turns, Vec<(u64, usize)>)> =
        profile.turns.iter().map(|turns| (turns, sizes(turns))).collect();
    let mut ends: Vec<(u64, usize)> =
        lists.iter().flat_map(|(_, sizes)| sizes.iter().copied()).collect();
    ends.sort_unstable_by_key(|(end, _)| std::cmp::Reverse(*end));
    let mut sum = 0;
    let first_without = ends.iter().find(|(_, size)| {
        sum += size;
        sum > room
    });
    let before = first_without.map_or(0, |(end, _)| *end);
    let place = |turns: &Turns| {
        profile.threads.iter().position(|one| (one.pid, one.tid) == (turns.pid, turns.tid))
    };
    lists
        .iter()
        .filter_map(|(turns, sizes)| Some(after(turns, sizes, before, place(turns)?)))
        .collect()
}

/// When each turn ends, and how many bytes it takes.
fn sizes(turns: &Turns) -> Vec<(u64, usize)> {
    let mut begin = turns.from;
    let size = |((after, length), deliveries): ((&u64, &u64), &u32)| {
        begin = begin.saturating_add(*after);
        let size = pack::size(*after) + pack::size(*length) + pack::size(u64::from(*deliveries));
        (begin.saturating_add(*length), size)
    };
    turns.after.iter().zip(&turns.length).zip(&turns.deliveries).map(size).collect()
}

/// Those that end after a time.
fn after(turns: &Turns, ends: &[(u64, usize)], before: u64, thread: usize) -> TurnData {
    let first = ends.partition_point(|(end, _)| before > 0 && *end <= before);
    let begin = |places: usize| {
        turns.after[..places].iter().fold(turns.from, |sum, after| sum.saturating_add(*after))
    };
    // The first is as long after `from` as it says: `from` is where the turns before it are cut off.
    let from = if first == 0 { turns.from } else { ends[first - 1].0 };
    let mut gaps = turns.after[first..].to_vec();
    if first > 0 && first < turns.after.len() {
        gaps[0] = begin(first + 1).saturating_sub(from);
    }
    TurnData {
        thread,
        from,
        after: pack::list(gaps),
        length: pack::list(turns.length[first..].iter().copied()),
        deliveries: pack::list(turns.deliveries[first..].iter().map(|count| u64::from(*count))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ThreadRow;

    fn profile(count: u64) -> Profile {
        let mut profile: Profile =
            serde_json::from_str(include_str!("../../tests/sample.json")).unwrap();
        profile.threads =
            (1..=2).map(|tid| ThreadRow { pid: 1, tid, ..ThreadRow::default() }).collect();
        let list = |tid| Turns {
            pid: 1,
            tid,
            from: 1_000,
            after: vec![300; count as usize],
            length: vec![200; count as usize],
            deliveries: vec![1; count as usize],
        };
        profile.turns = vec![list(1), list(2)];
        profile
    }

    #[test]
    fn all_turns_stay_where_there_is_room() {
        let profile = profile(100);
        let kept = cut(&profile, 1 << 20);
        assert_eq!(kept[1].after, pack::list(profile.turns[1].after.iter().copied()));
        assert_eq!(kept[1].from, 1_000);
    }

    #[test]
    fn without_room_the_earliest_turns_of_all_threads_go() {
        let profile = profile(100);
        // Each takes 2 + 2 + 1 bytes.
        let kept = cut(&profile, 5 * 20);
        for one in &kept {
            assert_eq!(one.length, pack::list([200; 10]));
            // 90 were cut: the last of them began at 1,000 + 90 * 300 and took 200.
            assert_eq!(one.from, 28_200);
            assert_eq!(one.after, pack::list([100].into_iter().chain([300; 9])));
        }
    }
}
