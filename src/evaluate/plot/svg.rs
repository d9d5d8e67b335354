//! A small writer of SVG. Text stays text, so that it can be searched, copied and read aloud.

use std::fmt::{Display, Write as _};

/// Fonts of alike widths, one of which every browser has.
const FONT: &str = "DejaVu Sans, Verdana, Segoe UI, sans-serif";

/// Where a text stands against its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Strokes and fills, by what they are for.
pub(super) mod colour {
    pub(in super::super) const INK: &str = "#1c2733";
    pub(in super::super) const QUIET: &str = "#5b6875";
    pub(in super::super) const FRAME: &str = "#b8c1ca";
    pub(in super::super) const GRID: &str = "#e6eaee";
    // Blue and orange: told apart by colour-blind eyes, and by lightness in grey.
    pub(in super::super) const LINE: &str = "#1f5fa8";
    pub(in super::super) const FAINT: &str = "#8fb0d6";
    pub(in super::super) const MARK: &str = "#d9730d";
}

/// A picture that is being written.
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut svg = Self { width, height, body: String::new() };
        svg.rect([0.0, 0.0, width, height], "#ffffff", "none");
        svg
    }

    pub(super) fn rect(&mut self, [x, y, width, height]: [f64; 4], fill: &str, stroke: &str) {
        self.put(format_args!(
            r#"<rect x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" fill="{fill}" stroke="{stroke}"/>"#
        ));
    }

    /// A frame without fill, of that many pixels.
    pub(super) fn frame(&mut self, [x, y, width, height]: [f64; 4], stroke: &str, pixels: f64) {
        self.put(format_args!(
            r#"<rect x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" fill="none" stroke="{stroke}" stroke-width="{pixels}"/>"#
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, dashed: bool) {
        let dash = if dashed { r#" stroke-dasharray="4 4""# } else { "" };
        let ((x1, y1), (x2, y2)) = (from, to);
        self.put(format_args!(
            r#"<line x1="{x1:.2}" y1="{y1:.2}" x2="{x2:.2}" y2="{y2:.2}" stroke="{stroke}"{dash}/>"#
        ));
    }

    /// Straight lines through points.
    pub(super) fn path(&mut self, points: impl Iterator<Item = (f64, f64)>, stroke: &str) {
        let mut path = String::new();
        for (x, y) in points {
            // Writing to a string cannot fail.
            let _ = write!(path, "{}{x:.2} {y:.2}", if path.is_empty() { "M" } else { "L" });
        }
        self.put(format_args!(
            r#"<path d="{path}" fill="none" stroke="{stroke}" stroke-width="1.8" stroke-linejoin="round"/>"#
        ));
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: &str, stroke: &str) {
        self.put(format_args!(
            r#"<circle cx="{x:.2}" cy="{y:.2}" r="{radius:.2}" fill="{fill}" stroke="{stroke}" stroke-width="1.6"/>"#
        ));
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), size: f64, anchor: Anchor, fill: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.put(format_args!(
            r#"<text x="{x:.2}" y="{y:.2}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{text}</text>"#
        ));
    }

    /// Text that runs upwards, centred at its point.
    pub(super) fn text_upwards(&mut self, (x, y): (f64, f64), size: f64, fill: &str, text: &str) {
        let text = escape(text);
        self.put(format_args!(
            r#"<text transform="translate({x:.2} {y:.2}) rotate(-90)" font-size="{size}" text-anchor="middle" fill="{fill}">{text}</text>"#
        ));
    }

    /// A JPEG.
    pub(super) fn picture(&mut self, [x, y, width, height]: [f64; 4], jpeg: &[u8]) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let data = STANDARD.encode(jpeg);
        self.put(format_args!(
            r#"<image x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" href="data:image/jpeg;base64,{data}"/>"#
        ));
    }

    /// The whole file; `title` is read aloud in its place.
    pub(super) fn finish(self, title: &str) -> String {
        let Self { width, height, body } = self;
        let title = escape(title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\" font-family=\"{FONT}\">\n<title>{title}</title>\n{body}</svg>\n"
        )
    }

    fn put(&mut self, element: impl Display) {
        let _ = writeln!(self.body, "{element}");
    }
}

/// Text as SVG and HTML hold it.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in crate::text::clean(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
