//! The table and the verdicts, drawn for any size of terminal from 80 columns on.

use super::board::Board;
use super::row::Row;
use crate::inspect::words::shown;
use epshim_attach::words;
use epshim_check::Certainty;
use epshim_report::counted;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Row as TableRow, Table, Wrap};

/// The columns: their headings and widths. With a space between them they are 80; the last one takes what is left.
const COLUMNS: [(&str, u16); 9] = [
    ("process", 8),
    ("name", 12),
    ("epfd", 5),
    ("regs", 6),
    ("wait", 4),
    ("ready", 5),
    ("unread", 7),
    ("thread", 8),
    ("the loop", 17),
];

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);

/// What of it is shown.
#[derive(Debug, Default)]
pub struct Screen {
    first: usize,
    /// What is said before all else.
    note: Option<String>,
}

impl Screen {
    /// With a note above the table.
    pub fn new(note: Option<&str>) -> Self {
        Self { first: 0, note: note.map(shown) }
    }

    /// Moves the table down, or up.
    pub fn scroll(&mut self, rows: isize) {
        self.first = self.first.saturating_add_signed(rows);
    }

    /// Draws everything.
    pub fn draw(&mut self, frame: &mut Frame<'_>, board: &Board<'_>) {
        let verdicts = verdicts(board);
        let wanted = u16::try_from(verdicts.len() * 2 + 1).unwrap_or(u16::MAX);
        let most = frame.area().height / 2;
        let note = Paragraph::new(self.note.clone().unwrap_or_default()).wrap(Wrap { trim: true });
        let areas = [
            Constraint::Length(if self.note.is_some() { 2 } else { 0 }),
            Constraint::Length(1),
            Constraint::Min(2),
            Constraint::Length(wanted.min(most)),
            Constraint::Length(1),
        ];
        let [above, head, table, below, foot] = Layout::vertical(areas).areas(frame.area());
        frame.render_widget(note, above);
        let text = format!(
            "epshim: {} in {}, looked at every {} s; nothing is stopped",
            counted(board.rows.len() as u64, "epoll", "epolls"),
            counted(board.processes() as u64, "process", "processes"),
            board.interval().as_secs_f64(),
        );
        frame.render_widget(Line::styled(text, BOLD), head);
        self.table(frame, table, &board.rows);
        frame.render_widget(Paragraph::new(verdicts).wrap(Wrap { trim: false }), below);
        let refused = match board.refused {
            0 => String::new(),
            refused => format!("; {refused} of other users may not be looked at"),
        };
        let keys = format!("q ends, the arrows move{refused}");
        frame.render_widget(Line::styled(keys, FAINT), foot);
    }

    fn table(&mut self, frame: &mut Frame<'_>, area: Rect, rows: &[Row]) {
        let room = usize::from(area.height.saturating_sub(1));
        self.first = self.first.min(rows.len().saturating_sub(room));
        let last = COLUMNS.len() - 1;
        let widths = COLUMNS.iter().enumerate().map(|(nth, &(_, width))| {
            if nth == last { Constraint::Min(width) } else { Constraint::Length(width) }
        });
        let heading = TableRow::new(COLUMNS.map(|(name, width)| match name {
            "name" | "the loop" => name.to_owned(),
            _ => right(name, width),
        }));
        let shown = rows.iter().skip(self.first).take(room).map(table_row);
        let table = Table::new(shown, widths).header(heading.style(BOLD)).column_spacing(1);
        frame.render_widget(table, area);
    }
}

fn right(text: &str, width: u16) -> String {
    format!("{text:>width$}", width = usize::from(width))
}

fn table_row(row: &Row) -> TableRow<'static> {
    let number = |number: Option<usize>| number.map_or("?".to_owned(), |number| number.to_string());
    let owner = match row.owner {
        Some((tid, 0)) => tid.to_string(),
        Some((tid, more)) => format!("{tid}+{more}"),
        None => String::new(),
    };
    let cells = [
        row.pid.to_string(),
        shown(&row.name),
        row.epfd.to_string(),
        number(row.registrations),
        row.waiters.to_string(),
        row.ready.map_or(String::new(), |ready| ready.to_string()),
        row.oldest.map_or(String::new(), |ms| words::time(ms.into())),
        owner,
        row.state.clone(),
    ];
    let mut nth = 0;
    let cells = cells.map(|cell| {
        let (name, width) = COLUMNS[nth];
        nth += 1;
        if matches!(name, "name" | "the loop") { cell } else { right(&cell, width) }
    });
    TableRow::new(cells).style(style(row.worst))
}

fn style(worst: Option<Certainty>) -> Style {
    match worst {
        Some(Certainty::Certain) => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Some(Certainty::Suspected | Certainty::Fact) => Style::new().fg(Color::Yellow),
        Some(Certainty::Note) | None => Style::new(),
    }
}

/// What is wrong, the most certain first; notes are left out.
fn verdicts(board: &Board<'_>) -> Vec<Line<'static>> {
    let found = board.verdicts.iter().filter(|(_, _, verdict)| verdict.is_finding());
    let lines = found.map(|(pid, name, verdict)| {
        let head = format!("{} {} {} [{}] ", pid, shown(name), verdict.rule, verdict.certainty);
        let head = Span::styled(head, style(Some(verdict.certainty)));
        Line::from(vec![head, Span::raw(shown(&verdict.what))])
    });
    lines.collect()
}
