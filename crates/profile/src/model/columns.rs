//! The run along its time, in columns of equal width.
//!
//! When there are too many, each two become one: it takes the same memory after a day as after a minute.

use crate::document::{Lane, Timeline};
use epshim_observe::{MILLISECOND, Nanos, Pid, Tid};

/// At most as many columns.
pub const MOST: usize = 2048;
/// How long the first ones are.
const FIRST_WIDTH: Nanos = MILLISECOND;

/// What a column counts, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Busy,
    Waiting,
    Spinning,
    Runnable,
    OnCpu,
    Turns,
    TurnMax,
    Deliveries,
    BytesIn,
    BytesOut,
    LagMax,
    Dropped,
}

const KINDS: usize = Of::Dropped as usize + 1;

impl Of {
    /// Whether two columns become the greater of them.
    const fn is_greatest(place: usize) -> bool {
        place == Self::TurnMax as usize || place == Self::LagMax as usize
    }
}

/// The columns of all threads.
#[derive(Debug, Clone)]
pub struct Columns {
    pub width: Nanos,
    /// The column that was used last, and when it begins.
    latest: (usize, Nanos),
    lanes: Vec<[Vec<u64>; KINDS]>,
}

impl Default for Columns {
    fn default() -> Self {
        Self { width: FIRST_WIDTH, latest: (0, 0), lanes: Vec::new() }
    }
}

impl Columns {
    /// Empty ones of this width.
    pub const fn without_cells(&self) -> Self {
        Self { width: self.width, latest: (0, 0), lanes: Vec::new() }
    }

    /// Adds to the column of this time.
    pub fn add(&mut self, lane: usize, of: Of, at: Nanos, amount: u64) {
        if amount > 0 {
            *self.cell(lane, of, at) += amount;
        }
    }

    /// Raises the column of this time.
    pub fn raise(&mut self, lane: usize, of: Of, at: Nanos, to: u64) {
        if to > 0 {
            let cell = self.cell(lane, of, at);
            *cell = (*cell).max(to);
        }
    }

    /// Adds a span to the columns that it is in.
    pub fn span(&mut self, lane: usize, of: Of, from: Nanos, to: Nanos) {
        let mut from = from;
        self.make_room(to.saturating_sub(1));
        while from < to {
            let (_, begin) = self.column(from);
            let until = (begin + self.width).min(to);
            self.add(lane, of, from, until - from);
            from = until;
        }
    }

    /// Spreads an amount evenly over a span.
    pub fn spread(&mut self, lane: usize, of: Of, from: Nanos, to: Nanos, amount: u64) {
        let (mut at, mut left) = (from, amount);
        self.make_room(to.saturating_sub(1));
        while at < to && left > 0 {
            let (_, begin) = self.column(at);
            let until = (begin + self.width).min(to);
            let part = u128::from(left) * u128::from(until - at) / u128::from(to - at);
            let part = if until == to { left } else { part as u64 };
            self.add(lane, of, at, part);
            (at, left) = (until, left - part);
        }
    }

    fn cell(&mut self, lane: usize, of: Of, at: Nanos) -> &mut u64 {
        let (column, _) = self.column(at);
        if self.lanes.len() <= lane {
            self.lanes.resize_with(lane + 1, Default::default);
        }
        let cells = &mut self.lanes[lane][of as usize];
        if cells.len() <= column {
            cells.resize(column + 1, 0);
        }
        &mut cells[column]
    }

    /// The column of this time, and when it begins: most times that of the time before, without a division.
    #[inline]
    fn column(&mut self, at: Nanos) -> (usize, Nanos) {
        if at.wrapping_sub(self.latest.1) >= self.width {
            self.make_room(at);
            let column = at / self.width;
            self.latest = (column as usize, column * self.width);
        }
        self.latest
    }

    /// Widens the columns until this time has one.
    fn make_room(&mut self, at: Nanos) {
        while at >= self.width.saturating_mul(MOST as u64) {
            self.width *= 2;
            self.latest = (0, 0);
            for (place, cells) in self.lanes.iter_mut().flat_map(|lane| lane.iter_mut().enumerate())
            {
                *cells = halved(cells, Of::is_greatest(place));
            }
        }
    }

    /// As the document has it; lanes are named by these.
    pub fn document(mut self, duration: Nanos, threads: &[(Pid, Tid)]) -> Timeline {
        self.make_room(duration.saturating_sub(1));
        let columns = (duration.div_ceil(self.width) as usize).max(1);
        self.lanes.resize_with(threads.len(), Default::default);
        let lanes = self.lanes.into_iter().zip(threads).map(|(lane, &(pid, tid))| {
            let [
                busy,
                waiting,
                spinning,
                runnable,
                on_cpu,
                turns,
                turn_max,
                deliveries,
                bytes_in,
                bytes_out,
                lag_max,
                dropped,
            ] = lane;
            let all = |mut cells: Vec<u64>| {
                cells.resize(columns, 0);
                cells
            };
            let known = |cells: Vec<u64>| if cells.is_empty() { cells } else { all(cells) };
            Lane {
                pid,
                tid,
                busy: all(busy),
                waiting: all(waiting),
                spinning: all(spinning),
                runnable: known(runnable),
                on_cpu: known(on_cpu),
                turns: all(turns),
                turn_max: all(turn_max),
                deliveries: all(deliveries),
                bytes_in: all(bytes_in),
                bytes_out: all(bytes_out),
                lag_max: all(lag_max),
                dropped: all(dropped),
            }
        });
        Timeline { width: self.width, columns, lanes: lanes.collect() }
    }
}

/// Each two are one.
pub fn halved(cells: &[u64], is_greatest: bool) -> Vec<u64> {
    let two = |pair: &[u64]| {
        let (first, second) = (pair[0], pair.get(1).copied().unwrap_or(0));
        if is_greatest { first.max(second) } else { first + second }
    };
    cells.chunks(2).map(two).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_were_widened_have_the_same_sums() {
        let mut columns = Columns::default();
        columns.span(0, Of::Busy, 500, 3_000_000_000);
        columns.spread(0, Of::OnCpu, 7, 9_000_000_001, 12_345);
        columns.raise(0, Of::TurnMax, 1, 7);
        let timeline = columns.document(10_000_000_000, &[(1, 2)]);
        let lane = &timeline.lanes[0];
        assert!(timeline.columns <= MOST && timeline.columns > MOST / 4);
        assert_eq!(lane.busy.iter().sum::<u64>(), 3_000_000_000 - 500);
        assert_eq!(lane.on_cpu.iter().sum::<u64>(), 12_345);
        assert_eq!((lane.turn_max[0], lane.busy.len()), (7, timeline.columns));
        assert!(lane.runnable.is_empty());
    }
}
