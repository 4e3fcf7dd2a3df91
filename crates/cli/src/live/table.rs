//! What is shown below the threads: descriptors, call sites, or slow turns. Each is some columns, and rows in an order
//! that the user may change.

use super::board::Board;
use epshim_profile::place_names::{descriptor, neighbour};
use epshim_profile::words::{number, percent, time};
use epshim_profile::{DescriptorRow, Profile, SiteRow};
use std::cmp::Reverse;

/// Which is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    #[default]
    Descriptors,
    Sites,
    SlowTurns,
}

/// A table: headings with their widths, and rows. A width of 0 is what is left.
pub struct Table {
    pub name: &'static str,
    /// The column that it is ordered by.
    pub order: &'static str,
    pub columns: Vec<(&'static str, u16)>,
    pub rows: Vec<Vec<String>>,
}

impl Tab {
    pub const fn next(self) -> Self {
        match self {
            Self::Descriptors => Self::Sites,
            Self::Sites => Self::SlowTurns,
            Self::SlowTurns => Self::Descriptors,
        }
    }

    /// The table; `order`: the number of its order.
    pub fn table(self, board: &Board, order: usize) -> Table {
        let Some(profile) = &board.now else {
            return Table { name: "", order: "", columns: Vec::new(), rows: Vec::new() };
        };
        match self {
            Self::Descriptors => descriptors(board, profile, order),
            Self::Sites => sites(profile, order),
            Self::SlowTurns => slow_turns(profile, order),
        }
    }
}

fn descriptors(board: &Board, profile: &Profile, order: usize) -> Table {
    let open = profile.descriptors.iter().filter(|row| row.closed.is_none());
    let mut rows: Vec<(&DescriptorRow, [f64; 3])> =
        open.map(|row| (row, board.rates(row))).collect();
    let orders = ["events/s", "in/s", "out/s", "late"];
    let order = order % orders.len();
    match order {
        3 => rows.sort_by_key(|(row, _)| Reverse(late(row))),
        _ => rows.sort_by(|(_, one), (_, other)| other[order].total_cmp(&one[order])),
    }
    let rows = rows.into_iter().map(|(row, [events, bytes_in, bytes_out])| {
        let other_end = row.peer.clone().unwrap_or_else(|| row.kind.clone());
        let numbers = [events, bytes_in, bytes_out].map(|it| number(it.round() as u64));
        let [events, bytes_in, bytes_out] = numbers;
        let (again, late) = (number(row.again), time(late(row)));
        vec![row.fd.to_string(), other_end, events, bytes_in, bytes_out, again, late]
    });
    Table {
        name: "descriptors",
        order: orders[order],
        columns: vec![
            ("fd", 6),
            ("other end", 0),
            ("events/s", 9),
            ("in/s", 11),
            ("out/s", 11),
            ("EAGAIN", 8),
            (if profile.program.from_outside { "delay" } else { "late" }, 8),
        ],
        rows: rows.collect(),
    }
}

/// How late it was served, at most.
const fn late(row: &DescriptorRow) -> u64 {
    row.lag_max.saturating_add(row.delay_max)
}

fn sites(profile: &Profile, order: usize) -> Table {
    let mut rows: Vec<&SiteRow> = profile.sites.iter().filter(|row| row.calls > 0).collect();
    let orders = ["calls", "bytes", "EAGAIN"];
    let order = order % orders.len();
    rows.sort_by_key(|row| Reverse([row.calls, row.bytes, row.again][order]));
    let rows = rows.into_iter().map(|row| {
        let numbers = [row.calls, row.bytes, row.again].map(number);
        let [calls, bytes, again] = numbers;
        vec![row.call.clone(), row.name.clone(), calls, bytes, again]
    });
    Table {
        name: "call sites, since the begin",
        order: orders[order],
        columns: vec![("call", 8), ("where", 0), ("calls", 11), ("bytes", 14), ("EAGAIN", 9)],
        rows: rows.collect(),
    }
}

fn slow_turns(profile: &Profile, order: usize) -> Table {
    let mut all: Vec<_> = profile.slow_turns.iter().collect();
    let orders = ["length", "ended"];
    let order = order % orders.len();
    if order == 1 {
        all.sort_by_key(|turn| Reverse(turn.at));
    }
    let rows = all.into_iter().map(|turn| {
        let ended = turn.at.saturating_add(turn.length);
        let ago = match turn.is_open {
            true => "goes on".to_owned(),
            false => time(profile.duration.saturating_sub(ended)),
        };
        let cpu = turn.on_cpu.map(|cpu| percent(cpu as f64 / turn.length.max(1) as f64));
        let on = turn.fd.map(|fd| format!("{}: ", descriptor(fd, turn.peer.as_deref())));
        let [after, before] = [&turn.gap.after, &turn.gap.before].map(|it| neighbour(profile, it));
        let what = format!("{}{after} to {before}", on.unwrap_or_default());
        vec![turn.tid.to_string(), time(turn.length), ago, cpu.unwrap_or_default(), what]
    });
    Table {
        name: "slow turns",
        order: orders[order],
        columns: vec![("thread", 8), ("length", 8), ("ago", 8), ("on cpu", 6), ("its gap", 0)],
        rows: rows.collect(),
    }
}
