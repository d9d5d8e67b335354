//! ROC curves in the terminal, in braille.

use std::io::{self, Write};

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Color,
    symbols::Marker,
    widgets::{
        Block, Widget,
        canvas::{Canvas, Line, Points},
    },
};

use crate::evaluate::LabelReport;

/// Size of a chart in cells, its frame included: a cell is twice as high as wide.
const WIDTH: u16 = 30;
const HEIGHT: u16 = 13;
const GAP: u16 = 2;
/// Where the output is no terminal.
const USUAL_WIDTH: u16 = 100;

/// Writes the ROC curves of the labels that have one, as many side by side as fit.
pub(super) fn write(out: &mut impl Write, labels: &[LabelReport]) -> io::Result<()> {
    let width = ratatui::crossterm::terminal::size().map_or(USUAL_WIDTH, |(columns, _)| columns);
    let drawn: Vec<&LabelReport> = labels.iter().filter(|label| label.auc.is_some()).collect();
    if !drawn.is_empty() {
        writeln!(out, "ROC: sensitivity upwards; o: the threshold in force; dots: what chance gives")?;
    }
    for line in text(&drawn, width) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn text(labels: &[&LabelReport], width: u16) -> Vec<String> {
    let side_by_side = usize::from(((width + GAP) / (WIDTH + GAP)).max(1));
    let mut lines = Vec::new();
    for row in labels.chunks(side_by_side) {
        let columns = u16::try_from(row.len()).unwrap_or(1);
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns * (WIDTH + GAP), HEIGHT));
        for (n, label) in (0..columns).zip(row) {
            draw(label, Rect::new(n * (WIDTH + GAP), 0, WIDTH, HEIGHT), &mut buffer);
        }
        for y in 0..HEIGHT {
            let cells = (0..buffer.area.width).filter_map(|x| buffer.cell((x, y)));
            let line: String = cells.map(|cell| cell.symbol()).collect();
            lines.push(line.trim_end().to_owned());
        }
    }
    lines
}

fn draw(label: &LabelReport, area: Rect, buffer: &mut Buffer) {
    let auc = label.auc.map_or(0.0, |auc| auc.value);
    let title = format!(" {} {auc:.3} ", label.label);
    let at = &label.at_threshold;
    let threshold = at.sensitivity.zip(at.specificity).map(|(up, right)| (1.0 - right.value, up.value));
    Canvas::default()
        .block(Block::bordered().title(title).title_bottom(" 1 - specificity "))
        .marker(Marker::Braille)
        .x_bounds([0.0, 1.0])
        .y_bounds([0.0, 1.0])
        .paint(|context| {
            let diagonal: Vec<(f64, f64)> =
                (0..=20).map(|n| f64::from(n) / 20.0).map(|at| (at, at)).collect();
            context.draw(&Points { coords: &diagonal, color: Color::Reset });
            for pair in label.roc.windows(2) {
                context.draw(&Line {
                    x1: pair[0].false_positive_rate,
                    y1: pair[0].true_positive_rate,
                    x2: pair[1].false_positive_rate,
                    y2: pair[1].true_positive_rate,
                    color: Color::Reset,
                });
            }
            if let Some((x, y)) = threshold {
                context.print(x.min(0.97), y, "o");
            }
        })
        .render(area, buffer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Case, LabelInfo, Whose, measure};

    #[test]
    fn curves_stand_side_by_side_with_their_threshold() {
        let scores: Vec<[f32; 2]> =
            (0_u8..30).map(|n| [f32::from(n) / 30.0, f32::from(n * 7 % 30) / 30.0]).collect();
        let cases: Vec<Case<'_>> = (0..30)
            .map(|n| Case {
                probabilities: &scores[n],
                truths: vec![Some(n > 12 || n == 5), Some(n % 4 == 0)],
                whose: Whose::patient(n),
            })
            .collect();
        let labels =
            measure(&[LabelInfo::plain("Mass", 0.5), LabelInfo::plain("Nodule", 0.5)], &cases).labels;
        insta::assert_snapshot!(text(&labels.iter().collect::<Vec<_>>(), 80).join("\n"));
        assert_eq!(
            text(&labels.iter().collect::<Vec<_>>(), 40).len(),
            2 * usize::from(HEIGHT),
            "a narrow one"
        );
    }
}
