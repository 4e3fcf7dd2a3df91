//! Plots as SVG. Text is laid out without a font, by rule of thumb: no library of the system is
//! needed.

use super::measured::Results;
use crate::outcome::Outcome;
use crate::servers::Outcomes;
use crate::servers::subjects::{OURS, REFERENCE};
use crate::table::Line;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const OUR_COLOUR: RGBColor = RGBColor(200, 60, 30);
const PEER_COLOUR: RGBColor = RGBColor(40, 90, 160);
const COLUMNS: usize = 2;
const WIDTH: u32 = 480;
/// The height of a server's row, and of what is around the rows of a panel.
const ROW: u32 = 19;
const AROUND_ROWS: u32 = 70;

/// Draws what was measured into a folder. Returns the files' names.
pub fn draw(results: &Results, folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if !results.servers.is_empty() {
        let name = "performance-servers.svg";
        servers(&results.servers, &folder.join(name))?;
        names.push(name.to_owned());
    }
    if !results.table.is_empty() {
        let name = "performance-waits.svg";
        waits(&results.table, &folder.join(name))?;
        names.push(name.to_owned());
    }
    Ok(names)
}

/// A panel for each scenario: every server's ratio with its interval, the largest on top.
fn servers(scenarios: &[Outcomes], file: &Path) -> Result<()> {
    let rows = scenarios.len().div_ceil(COLUMNS);
    let columns = COLUMNS.min(scenarios.len());
    let most = scenarios.iter().map(|outcomes| outcomes.servers.len()).max().unwrap_or(0);
    let height = AROUND_ROWS + ROW * most as u32;
    let size = (WIDTH * columns as u32, height * rows as u32);
    let root = SVGBackend::new(file, size).into_drawing_area();
    root.fill(&WHITE)?;
    for (panel, outcomes) in root.split_evenly((rows, columns)).iter().zip(scenarios) {
        let unused = ROW * (most - outcomes.servers.len()) as u32;
        let (panel, _) = panel.split_vertically(height - unused);
        ratios(&panel, outcomes)?;
    }
    root.present()?;
    Ok(())
}

fn ratios(area: &Area, outcomes: &Outcomes) -> Result<()> {
    let mut servers: Vec<_> = outcomes.servers.iter().collect();
    // From the bottom to the top, as the axis goes.
    servers.sort_by(|one, other| one.ratio.value.total_cmp(&other.ratio.value));
    let low = servers.iter().map(|server| server.ratio.low).fold(0.9, f64::min);
    let high = servers.iter().map(|server| server.ratio.high).fold(1.05, f64::max);
    let last = servers.len() as i32 - 1;
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{}: messages/s to `{REFERENCE}`", outcomes.title), ("sans-serif", 14))
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(170)
        .build_cartesian_2d((low - 0.02)..(high + 0.02), (0..last).into_segmented())?;
    let name = |place: &SegmentValue<i32>| match place {
        SegmentValue::CenterOf(i) => servers[*i as usize].subject.clone(),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(6)
        .y_labels(servers.len())
        .label_style(("sans-serif", 13))
        .y_label_formatter(&name)
        .x_label_formatter(&|ratio| format!("{ratio:.2}"))
        .draw()?;
    let line = vec![(1.0, SegmentValue::Exact(0)), (1.0, SegmentValue::Last)];
    chart.draw_series([PathElement::new(line, BLACK.mix(0.4))])?;
    for (i, server) in servers.iter().enumerate() {
        let place = || SegmentValue::CenterOf(i as i32);
        let (colour, ratio) = (colour(server).filled(), server.ratio);
        let interval = vec![(ratio.low, place()), (ratio.high, place())];
        chart.draw_series([PathElement::new(interval, colour.stroke_width(2))])?;
        chart.draw_series([Circle::new((ratio.value, place()), 3, colour)])?;
    }
    Ok(())
}

fn colour(server: &Outcome) -> RGBColor {
    let mut ours = OURS.iter().chain([&REFERENCE]);
    if ours.any(|name| server.subject.starts_with(name)) { OUR_COLOUR } else { PEER_COLOUR }
}

/// Microseconds of a wait over the number of descriptors, both on logarithmic scales.
fn waits(lines: &[Line], file: &Path) -> Result<()> {
    let root = SVGBackend::new(file, (WIDTH * 3 / 2, 360)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = lines.iter().map(|line| line.descriptors).max().unwrap_or(100) as f64;
    let times = |line: &Line| [line.select.value, line.poll.value, line.epoll.value];
    let all = lines.iter().flat_map(times);
    let (low, high) = all.fold((f64::MAX, 1.0), |(low, high), t| (t.min(low), t.max(high)));
    let mut chart = ChartBuilder::on(&root)
        .caption("One wait, 100 active descriptors: microseconds", ("sans-serif", 14))
        .margin(8)
        .x_label_area_size(34)
        .y_label_area_size(50)
        .right_y_label_area_size(50)
        .build_cartesian_2d((90.0..most * 1.2).log_scale(), (low * 0.7..high * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .disable_mesh()
        .label_style(("sans-serif", 13))
        .x_desc("descriptors")
        .x_label_formatter(&|count| format!("{count:.0}"))
        .y_label_formatter(&|time| format!("{time:.0}"))
        .draw()?;
    let ways = [("select", PEER_COLOUR), ("poll", RGBColor(40, 140, 80)), ("epoll", OUR_COLOUR)];
    for (i, (name, colour)) in ways.into_iter().enumerate() {
        let points: Vec<_> = lines.iter().map(|l| (l.descriptors as f64, times(l)[i])).collect();
        chart
            .draw_series([PathElement::new(points, colour.stroke_width(2))])?
            .label(name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}
