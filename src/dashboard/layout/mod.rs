//! Where everything goes, so that `update` can page, hit and ask for pictures of the right size without drawing.

pub(in crate::dashboard) mod header;
pub(in crate::dashboard) mod list;

use ratatui::layout::{Rect, Size};

/// The smallest terminal that shows anything but a plea.
pub(in crate::dashboard) const SMALLEST: Size = Size { width: 40, height: 10 };
/// From here on list and film stand side by side.
const SIDE_BY_SIDE: Size = Size { width: 72, height: 20 };
/// The list's least width beside a film.
const LIST_WIDTH: u16 = 42;
/// Lines of the film pane that are no picture: both borders and the label line.
const FILM_LINES: u16 = 3;
/// The height that the list keeps over the findings where it can.
const LIST_HEIGHT: u16 = 14;
/// From this height on the findings stand under the list.
const FINDINGS_FROM: u16 = 16;
/// From this width on the film view has the findings beside the film.
const FINDINGS_BESIDE_FROM: u16 = 100;
/// Their width there.
const FINDINGS_WIDTH: u16 = 44;

/// Which of the two views is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// List, findings and film.
    #[default]
    Worklist,
    /// The film, as large as it goes.
    Film,
}

/// The regions of the screen; one that is not shown is `None`. Panes include their borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dashboard) struct Layout {
    pub header: Rect,
    pub list: Option<Rect>,
    pub findings: Option<Rect>,
    pub film: Option<Rect>,
    pub message: Rect,
    pub footer: Rect,
}

impl Layout {
    /// Lays the screen out; `None` if the terminal is too small. `header` is how many lines the header
    /// needs, `labels` how many findings there are to show.
    pub(in crate::dashboard) fn of(size: Size, view: View, header: u16, labels: u16) -> Option<Self> {
        if size.width < SMALLEST.width || size.height < SMALLEST.height {
            return None;
        }
        let row = |y, height| Rect::new(0, y, size.width, height);
        // The message and the footer lie below everything: a sixel in the last row would scroll.
        let body = row(header, size.height.saturating_sub(header + 2));
        let mut layout = Self {
            header: row(0, header),
            list: None,
            findings: None,
            film: None,
            message: row(size.height - 2, 1),
            footer: row(size.height - 1, 1),
        };
        match view {
            View::Film if body.width >= FINDINGS_BESIDE_FROM => {
                let (film, findings) = beside(body, body.width - FINDINGS_WIDTH);
                (layout.film, layout.findings) = (Some(film), Some(findings));
            }
            View::Film => layout.film = Some(body),
            View::Worklist if size.width >= SIDE_BY_SIDE.width && size.height >= SIDE_BY_SIDE.height => {
                // A film is about square and a cell twice as high as wide: more than this stays empty.
                let film = 2 * body.height.saturating_sub(FILM_LINES) + 2;
                let film_width = film.min(body.width / 2).min(body.width - LIST_WIDTH.min(body.width));
                let (left, film) = beside(body, body.width - film_width);
                layout.film = Some(film);
                layout.list = Some(left);
                if left.height >= FINDINGS_FROM {
                    // Both borders, two lines on the study, and a line a label.
                    let most = left.height.saturating_sub(LIST_HEIGHT).max(left.height * 2 / 5);
                    let findings = (labels.max(3) + 4).min(most);
                    let (list, findings) = above(left, left.height - findings);
                    (layout.list, layout.findings) = (Some(list), Some(findings));
                }
            }
            View::Worklist => layout.list = Some(body),
        }
        Some(layout)
    }
}

fn beside(area: Rect, left: u16) -> (Rect, Rect) {
    let right = Rect::new(area.x + left, area.y, area.width - left, area.height);
    (Rect { width: left, ..area }, right)
}

fn above(area: Rect, top: u16) -> (Rect, Rect) {
    let bottom = Rect::new(area.x, area.y + top, area.width, area.height - top);
    (Rect { height: top, ..area }, bottom)
}

/// The inside of a pane with a border around it.
pub(in crate::dashboard) fn inside(pane: Rect) -> Rect {
    Rect::new(pane.x + 1, pane.y + 1, pane.width.saturating_sub(2), pane.height.saturating_sub(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_never_overlap_nor_leave_the_screen_at_any_size() {
        for width in 1..220 {
            for height in 1..70 {
                for view in [View::Worklist, View::Film] {
                    let size = Size::new(width, height);
                    let Some(layout) = Layout::of(size, view, 3, 18) else {
                        assert!(width < 40 || height < 10);
                        continue;
                    };
                    let panes = [layout.list, layout.findings, layout.film];
                    let mut regions = vec![layout.header, layout.message, layout.footer];
                    regions.extend(panes.into_iter().flatten());
                    for (index, region) in regions.iter().enumerate() {
                        assert!(
                            Rect::new(0, 0, width, height).union(*region) == Rect::new(0, 0, width, height)
                        );
                        for other in &regions[index + 1..] {
                            assert!(!region.intersects(*other), "{size}: {region} and {other}");
                        }
                    }
                }
            }
        }
    }
}
