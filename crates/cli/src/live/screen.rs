//! The screen: what suffers, the threads, a line of the past, and a table. It is drawn for any terminal from 80 columns
//! on, or as text.

use super::board::{Board, Shares};
use super::table::{Tab, Table};
use crate::output::shown;
use crate::terminal::Key;
use epshim_profile::words::{counted, number, percent, time};
use epshim_profile::{Profile, ThreadRow};
use epshim_report::wrapped;
use ratatui::backend::TestBackend;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Row, Table as Drawn};
use ratatui::{Frame, Terminal};

/// Columns of a screen that is a text.
const WIDTH: u16 = 80;
/// Threads that have a row, the busiest first.
const THREADS: usize = 8;
/// Characters of a thread's bar.
const BAR: usize = 22;

/// The columns of threads; the last one has what is left.
const COLUMNS: [(&str, u16); 8] = [
    ("thread", 8),
    ("name", 12),
    ("", BAR as u16),
    ("busy", 5),
    ("cpu", 4),
    ("no cpu", 6),
    ("turns/s", 8),
    ("events/s", 0),
];

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);

/// What of it is shown.
#[derive(Debug, Default)]
pub struct Screen {
    tab: Tab,
    order: usize,
    first: usize,
    has_help: bool,
    wants_pause: bool,
}

impl Screen {
    /// A key was pressed.
    pub fn press(&mut self, key: Key) {
        match key {
            Key::Tab => (self.tab, self.order, self.first) = (self.tab.next(), 0, 0),
            Key::Scroll(rows) => self.first = self.first.saturating_add_signed(rows),
            Key::Letter('o') => self.order = self.order.wrapping_add(1),
            Key::Letter('s') => (self.tab, self.order, self.first) = (Tab::SlowTurns, 0, 0),
            Key::Letter('p') => self.wants_pause = true,
            Key::Letter('?') => self.has_help = !self.has_help,
            _ => {}
        }
    }

    /// Whether `p` was pressed since.
    pub fn takes_pause(&mut self) -> bool {
        std::mem::take(&mut self.wants_pause)
    }

    /// The screen as text, of 80 columns, and of so many lines at most.
    pub fn text(&mut self, board: &Board, lines: u16) -> String {
        let Ok(mut terminal) = Terminal::new(TestBackend::new(WIDTH, lines));
        let Ok(_) = terminal.draw(|frame| self.draw(frame, board));
        let buffer = terminal.backend().buffer();
        let row = |cells: &[ratatui::buffer::Cell]| {
            let line: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
            line.trim_end().to_owned() + "\n"
        };
        let all: Vec<String> = buffer.content().chunks(WIDTH.into()).map(row).collect();
        // The last line is the keys'.
        let shown = all[..all.len().saturating_sub(1)].concat();
        shown.trim_end().to_owned() + "\n"
    }

    /// Draws everything.
    pub fn draw(&mut self, frame: &mut Frame<'_>, board: &Board) {
        let Some(profile) = &board.now else { return };
        let width = usize::from(frame.area().width);
        let (head, threads) = (head(profile, board, width), threads(profile, board));
        let past = past(board, width);
        let length = |lines: usize| Constraint::Length(u16::try_from(lines).unwrap_or(u16::MAX));
        let areas = [
            length(head.len()),
            length(threads.rows.len() + 1),
            length(past.len()),
            Constraint::Min(2),
            Constraint::Length(1),
        ];
        let [top, middle, line, below, foot] = Layout::vertical(areas).areas(frame.area());
        frame.render_widget(Paragraph::new(head), top);
        draw_table(frame, middle, &threads, 0);
        frame.render_widget(Paragraph::new(past), line);
        if self.has_help {
            frame.render_widget(Paragraph::new(help()), below);
        } else {
            self.table(frame, below, board);
        }
        let paused = if board.is_paused() { "PAUSED; " } else { "" };
        let keys = format!("{paused}q ends, tab another table, o order, p pause, ? help");
        frame.render_widget(Line::styled(keys, FAINT), foot);
    }

    fn table(&mut self, frame: &mut Frame<'_>, area: Rect, board: &Board) {
        let table = self.tab.table(board, self.order);
        let [title, below] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(area);
        let words = format!("{}, by {}", table.name, table.order);
        frame.render_widget(Line::styled(words, FAINT), title);
        let room = usize::from(below.height.saturating_sub(1));
        self.first = self.first.min(table.rows.len().saturating_sub(room));
        draw_table(frame, below, &table, self.first);
    }
}

/// What is watched, and the verdicts.
fn head(profile: &Profile, board: &Board, width: usize) -> Vec<Line<'static>> {
    const VERDICT_LINES: usize = 4;
    let name = profile.program.command.join(" ");
    let name = if name.is_empty() { String::new() } else { format!(" {name}") };
    let lost = match profile.drops.records {
        0 => "0 records lost".to_owned(),
        lost => format!("{} LOST", counted(lost, "record", "records")),
    };
    let stopped = if board.is_stopped { ", STOPPED" } else { "" };
    let loops = counted(profile.threads.len() as u64, "loop", "loops");
    let pid = profile.program.pid;
    let end = format!(": {}, {loops}; {lost}", time(profile.duration));
    let begin = shown(format!("epshim top {pid}{stopped}{name}"));
    let room = width.saturating_sub(end.len());
    let begin: String = begin.chars().take(room).collect();
    let mut lines = vec![Line::styled(format!("{begin}{end}"), BOLD)];
    let mut verdicts = profile.verdicts.iter();
    if let Some(main) = verdicts.next() {
        let text = shown(format!("{}: {}", main.name.name(), main.text));
        let style = if verdicts.len() > 0 || is_bad(main) { BAD } else { Style::new() };
        let all = wrapped(&text, "", "  ", width);
        lines.extend(all.into_iter().take(VERDICT_LINES).map(|line| Line::styled(line, style)));
    }
    let others: Vec<&str> = verdicts.map(|verdict| verdict.name.name()).collect();
    if !others.is_empty() {
        lines.push(Line::raw(format!("also: {}", others.join(", "))));
    }
    if let Some(caveat) = board.caveat() {
        let all = wrapped(caveat, "", "  ", width);
        lines.extend(all.into_iter().map(|line| Line::styled(line, FAINT)));
    }
    lines
}

const fn is_bad(verdict: &epshim_profile::Verdict) -> bool {
    use epshim_profile::VerdictName::{Idle, NoLoop};
    !matches!(verdict.name, Idle | NoLoop)
}

fn threads(profile: &Profile, board: &Board) -> Table {
    let ended = profile.duration.saturating_sub(1_000_000_000);
    let alive = profile.threads.iter().filter(|row| row.to >= ended);
    let mut all: Vec<(&ThreadRow, Shares)> = alive.map(|row| (row, board.shares(row))).collect();
    all.sort_by(|(_, one), (_, other)| other.busy.total_cmp(&one.busy));
    let rows = all.iter().take(THREADS).map(|(row, shares)| {
        let part = |share: Option<f64>| share.map_or("?".to_owned(), percent);
        vec![
            row.tid.to_string(),
            row.name.clone().unwrap_or_default(),
            bar(profile, row, *shares),
            percent(shares.busy + shares.spinning),
            part(shares.on_cpu),
            part(shares.runnable),
            number(shares.turns.round() as u64),
            number(shares.events.round() as u64),
        ]
    });
    let mut rows: Vec<_> = rows.collect();
    if all.len() > THREADS {
        rows.push(vec![String::new(), format!("{} more", all.len() - THREADS)]);
    }
    Table { name: "threads", order: "busy", columns: COLUMNS.to_vec(), rows }
}

/// What a thread does: how busy it is, or since when it has not waited.
fn bar(profile: &Profile, row: &ThreadRow, shares: Shares) -> String {
    if let Some(long) = row.in_turn().filter(|&long| long > profile.slow_limit) {
        return format!("in a turn since {}", time(long));
    }
    let cells = |share: f64| (share * BAR as f64).round() as usize;
    let busy = cells(shares.busy).min(BAR);
    let spinning = cells(shares.spinning).min(BAR - busy);
    let waiting = BAR - busy - spinning;
    format!("{}{}{}", "#".repeat(busy), "~".repeat(spinning), ".".repeat(waiting))
}

/// How busy the busiest thread was at the latest looks.
fn past(board: &Board, width: usize) -> Vec<Line<'static>> {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if board.past.len() < 2 {
        return vec![Line::raw("")];
    }
    let most = board.past.iter().map(|moment| moment.events).fold(1.0, f64::max);
    let line = |name: &str, of: &dyn Fn(&super::board::Moment) -> f64| {
        let room = width.saturating_sub(name.len() + 1);
        let skipped = board.past.len().saturating_sub(room);
        let level = |share: f64| LEVELS[((share * 8.0) as usize).min(LEVELS.len() - 1)];
        let levels: String = board.past.iter().skip(skipped).map(|it| level(of(it))).collect();
        Line::raw(format!("{name} {levels}"))
    };
    vec![line("busy  ", &|it| it.busy), line("events", &|it| it.events / most)]
}

fn help() -> Vec<Line<'static>> {
    [
        "busy: in turns, from a wait's return to the next wait; # of the bar, ~ is spinning",
        "cpu: on a processor; no cpu: ready to run, and waiting for a processor",
        "late: how long an event was ready before it was served, at most",
        "",
        "tab  descriptors, call sites, slow turns      s  slow turns",
        "o    order by another column                  p  pause, or go on",
        "q    ends the view; the program goes on       arrows, space  move the table",
    ]
    .map(Line::raw)
    .to_vec()
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, table: &Table, first: usize) {
    let is_text =
        |name: &str| matches!(name, "name" | "" | "other end" | "call" | "where" | "its gap");
    let widths = table.columns.iter().map(|&(_, width)| match width {
        0 => Constraint::Fill(1),
        width => Constraint::Length(width),
    });
    let used: u16 = table.columns.iter().map(|&(_, width)| width + 1).sum();
    let left = usize::from((area.width + 1).saturating_sub(used));
    let cell = |text: &str, (name, width): (&str, u16)| {
        let width = if width == 0 { left } else { width.into() };
        let text = shown(text);
        if is_text(name) { text } else { format!("{text:>width$}") }
    };
    let heading = table.columns.iter().map(|&column| cell(column.0, column));
    let heading = Row::new(heading.collect::<Vec<_>>()).style(BOLD);
    let room = usize::from(area.height.saturating_sub(1));
    let rows = table.rows.iter().skip(first).take(room).map(|row| {
        let cells = row.iter().zip(&table.columns).map(|(text, &column)| cell(text, column));
        let is_long = row.iter().any(|text| text.starts_with("in a turn since"));
        let style = if is_long { BAD } else { Style::new() };
        Row::new(cells.collect::<Vec<_>>()).style(style)
    });
    let drawn = Drawn::new(rows.collect::<Vec<_>>(), widths).header(heading).column_spacing(1);
    frame.render_widget(drawn, area);
}
