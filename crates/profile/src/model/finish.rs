//! The document, made of what the model has.

use super::core::Model;
use super::distribution::Distribution;
use crate::document::{
    Figures, KIND, Measure, Profile, Program, SCHEMA, ThreadRow, Value, Verdict,
};
use epshim_observe::{Nanos, SECOND};

impl Model {
    /// Ends the profile at this time, or when the latest observation was made, if that is later. There are no verdicts
    /// yet: see [`judge`](crate::judge).
    #[must_use]
    pub fn finish(mut self, at: Nanos, program: Program) -> Profile {
        self.since_begin(at);
        let now = self.now;
        while self.has_asked() {
            self.answer_next();
        }
        self.threads.of(None).into_iter().for_each(|key| self.thread_is_cut(key, now));
        let figures = figures(&self);
        let histograms = [
            (Measure::Turn, &self.turns),
            (Measure::Wait, &self.waits),
            (Measure::Lag, &self.lags),
            (Measure::Delay, &self.delays),
            (Measure::Late, &self.lates),
            (Measure::Batch, &self.batches),
            (Measure::Timer, &self.timers),
        ];
        let histograms = histograms.map(|(what, of)| of.document(what)).to_vec();
        let names = self.threads.names();
        let turns = self.latest.document(&names);
        let (slow_turns, slow_turns_left_out) = self.slow.document();
        let (descriptors, descriptors_left_out) = self.descriptors.document();
        let processes = self.processes;
        let sites = self.sites.document(|pid, site| processes.frames(pid, site));
        Profile {
            schema: SCHEMA,
            kind: KIND.to_owned(),
            program,
            started: self.started.map_or(0.0, |nanos| (nanos / 1000) as f64 / 1e6),
            duration: now,
            slow_limit: self.options.slow,
            verdicts: Vec::<Verdict>::new(),
            figures,
            threads: self.threads.document(),
            processes: processes.document(),
            slow_turns,
            slow_turns_left_out,
            descriptors,
            descriptors_left_out,
            sites,
            timeline: self.columns.document(now, &names),
            turns,
            histograms,
            drops: self.losses.document(),
            findings: Vec::new(),
            not_seen: not_seen(),
        }
    }
}

/// What a profile of records can never tell.
fn not_seen() -> Vec<String> {
    [
        "how many events each wait asked for: full batches are not counted",
        "what was read or written through io_uring or stdio, or by raw system calls",
        "what was read or written on descriptors that were in no epoll",
        "when a call began: its time is in the gap that it ends",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn figures(model: &Model) -> Figures {
    let (counts, mut figures) = (&model.counts, Figures::default());
    let rows = &model.threads.rows;
    let sum = |of: fn(&ThreadRow) -> u64| rows.iter().map(of).fold(0, u64::saturating_add);
    let whole = |number: u64| Some(Value::Whole(number));
    let of = |part: u64, all: u64| (all > 0).then(|| Value::Part(part as f64 / all as f64));
    let p99 = |of: &Distribution| of.p99().map(Value::Whole);
    let (busy, waiting, spinning) =
        (sum(|row| row.busy), sum(|row| row.waiting), sum(|row| row.spinning));
    let looping = busy.saturating_add(waiting).saturating_add(spinning);
    let (waits, deliveries) = (sum(|row| row.waits), sum(|row| row.deliveries));
    figures.busy.value = whole(busy);
    figures.waiting.value = whole(waiting);
    figures.spinning.value = whole(spinning);
    figures.looping.value = whole(looping);
    figures.utilisation.value = of(busy, looping);
    let utilisations = rows.iter().map(|row| utilisation(row).unwrap_or(0.0));
    figures.utilisation_max.value = utilisations.reduce(f64::max).map(Value::Part);
    let known = |of: fn(&ThreadRow) -> Option<u64>| {
        rows.iter().filter_map(of).reduce(|one, other| one + other)
    };
    figures.on_cpu.value = known(|row| row.on_cpu).map(Value::Whole);
    figures.runnable.value = known(|row| row.runnable).map(Value::Whole);
    let blocked = known(|row| {
        row.on_cpu
            .map(|on_cpu| row.busy.saturating_sub(on_cpu.saturating_add(row.runnable.unwrap_or(0))))
    });
    figures.blocked.value = blocked.map(Value::Whole);
    figures.turns.value = whole(sum(|row| row.turns));
    figures.turn_max.value = rows.iter().map(|row| row.turn_max).max().map(Value::Whole);
    figures.slow_turns.value = whole(sum(|row| row.slow_turns));
    figures.waits.value = whole(waits);
    let seconds = looping as f64 / SECOND as f64;
    figures.loop_rate.value = (looping > 0).then(|| Value::Part(waits as f64 / seconds));
    figures.empty_looks.value = whole(counts.empty_looks);
    figures.deliveries.value = whole(deliveries);
    figures.batch_mean.value = of(deliveries, sum(|row| row.wakeups));
    figures.returned_at_once.value = of(sum(|row| row.returned_at_once), sum(|row| row.wakeups));
    figures.delay_p99.value = p99(&model.delays);
    figures.served_elsewhere.value = whole(counts.served_elsewhere);
    figures.lag_p99.value = p99(&model.lags);
    figures.lag_max.value = model.lags.max().map(Value::Whole);
    figures.late_p99.value = p99(&model.lates);
    figures.late_max.value = model.lates.max().map(Value::Whole);
    figures.timer_late_p99.value = p99(&model.timers);
    figures.wasted.value = whole(counts.wasted);
    figures.herd.value = whole(counts.herd);
    figures.ctl_calls.value = whole(counts.ctl_calls);
    figures.redundant_ctl.value = whole(counts.redundant_ctl);
    figures.io_calls.value = whole(counts.io_calls);
    figures.calls_per_delivery.value = of(waits + counts.io_calls + counts.ctl_calls, deliveries);
    figures.again.value = whole(counts.again);
    figures.short_writes.value = whole(counts.short_writes);
    figures.bytes_in.value = whole(counts.bytes_in);
    figures.bytes_out.value = whole(counts.bytes_out);
    figures.peer_blocked.value = whole(counts.peer_blocked);
    figures.accepted.value = whole(counts.accepted);
    figures.accept_failed.value = whole(counts.accept_failed);
    figures.accept_burst.value = whole(counts.accept_burst);
    figures.imbalance.value = imbalance(rows, model.now).map(Value::Part);
    figures.resumed.value = whole(counts.resumed);
    figures.receive_queue_max.value = model.queues.received.map(Value::Whole);
    figures.send_queue_max.value = model.queues.sent.map(Value::Whole);
    figures.backlog_max.value = model.queues.backlog.map(Value::Whole);
    figures
}

fn utilisation(row: &ThreadRow) -> Option<f64> {
    let all = row.looping();
    (all > 0).then(|| row.busy as f64 / all as f64)
}

/// The busiest thread to the average, if two threads last and something was done.
fn imbalance(rows: &[ThreadRow], duration: Nanos) -> Option<f64> {
    let lasting = rows.iter().filter(|row| row.is_lasting(duration)).map(|row| row.busy);
    let (count, busy) = (lasting.clone().count(), lasting.clone().fold(0, u64::saturating_add));
    let most = lasting.max()?;
    (count > 1 && busy > 0).then(|| most as f64 * count as f64 / busy as f64)
}
