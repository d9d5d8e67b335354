//! Many small charts of one kind, a label each, on one sheet.

use super::svg::{
    Anchor, Svg,
    colour::{FRAME, GRID, INK, QUIET},
};

/// The side of a chart's square.
const SIDE: f64 = 200.0;
/// Room left of the square, right of it, above it and below it.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 16.0;
const ABOVE: f64 = 50.0;
const BELOW: f64 = 46.0;
/// Room for the sheet's title and legend.
const HEAD: f64 = 62.0;
const MARGIN: f64 = 20.0;
/// Charts side by side.
const COLUMNS: usize = 4;

/// The sheet: a title, a legend, and a grid of charts.
pub(super) struct Sheet {
    pub(super) svg: Svg,
    columns: usize,
    axes: (&'static str, &'static str),
}

impl Sheet {
    /// A sheet for so many charts, with the names of their axes (across, up).
    pub(super) fn new(charts: usize, title: &str, legend: &str, axes: (&'static str, &'static str)) -> Self {
        let columns = charts.clamp(1, COLUMNS);
        let rows = charts.div_ceil(columns).max(1);
        let width = (columns as f64 * (LEFT + SIDE + RIGHT) + 2.0 * MARGIN).max(600.0);
        let height = HEAD + rows as f64 * (ABOVE + SIDE + BELOW) + MARGIN;
        let mut svg = Svg::new(width, height);
        svg.text((MARGIN, 30.0), 18.0, Anchor::Start, INK, title);
        svg.text((MARGIN, 50.0), 11.0, Anchor::Start, QUIET, legend);
        Self { svg, columns, axes }
    }

    /// Draws the frame of chart `n` and gives its place on the sheet.
    pub(super) fn chart(&mut self, n: usize, title: &str, subtitle: &str) -> Chart {
        let (column, row) = ((n % self.columns) as f64, (n / self.columns) as f64);
        let x = MARGIN + column * (LEFT + SIDE + RIGHT) + LEFT;
        let y = HEAD + row * (ABOVE + SIDE + BELOW) + ABOVE;
        let chart = Chart { x, y };
        let svg = &mut self.svg;
        for quarter in 1..4 {
            let share = f64::from(quarter) / 4.0;
            svg.line(chart.at(share, 0.0), chart.at(share, 1.0), GRID, false);
            svg.line(chart.at(0.0, share), chart.at(1.0, share), GRID, false);
        }
        svg.frame([x, y, SIDE, SIDE], FRAME, 1.0);
        for (share, tick) in [(0.0, "0"), (0.5, "0.5"), (1.0, "1")] {
            let (px, py) = chart.at(share, 0.0);
            svg.text((px, py + 13.0), 9.5, Anchor::Middle, QUIET, tick);
            let (px, py) = chart.at(0.0, share);
            svg.text((px - 5.0, py + 3.5), 9.5, Anchor::End, QUIET, tick);
        }
        svg.text((x, y - 27.0), 13.0, Anchor::Start, INK, title);
        svg.text((x, y - 11.0), 10.0, Anchor::Start, QUIET, subtitle);
        svg.text((x + SIDE / 2.0, y + SIDE + 27.0), 10.0, Anchor::Middle, QUIET, self.axes.0);
        svg.text_upwards((x - 30.0, y + SIDE / 2.0), 10.0, QUIET, self.axes.1);
        chart
    }
}

/// Where a chart lies.
#[derive(Clone, Copy)]
pub(super) struct Chart {
    x: f64,
    y: f64,
}

impl Chart {
    /// Values from 0 to 1 as a place on the sheet, up being more.
    pub(super) fn at(self, across: f64, up: f64) -> (f64, f64) {
        (self.x + across * SIDE, self.y + (1.0 - up) * SIDE)
    }

    /// A bar that stands on the bottom, as a rectangle of the sheet.
    pub(super) fn bar(self, from: f64, to: f64, height: f64) -> [f64; 4] {
        let (x, y) = self.at(from, height);
        [x, y, (to - from) * SIDE, height * SIDE]
    }
}
