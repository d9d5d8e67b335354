//! Plots: SVG by a small writer of our own, PNG made of the same SVG.

mod chart;
mod curves;
mod panel;
mod png;
mod svg;

pub use curves::{precision_recall, reliability, roc};
pub use panel::{Shot, panel};
pub use png::png;
pub(super) use svg::escape;

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::evaluate::{Case, LabelInfo, LabelReport, Rect, Whose, measure};

    fn labels() -> Vec<LabelReport> {
        let scores: Vec<[f32; 2]> =
            (0_u8..40).map(|n| [f32::from(n) / 40.0, f32::from(n % 7) / 7.0]).collect();
        let truths = |n: usize| vec![Some(n.is_multiple_of(3) || n > 30), Some(false)];
        let cases: Vec<Case<'_>> = scores
            .iter()
            .enumerate()
            .map(|(n, scores)| Case { probabilities: scores, truths: truths(n), whose: Whose::patient(n) })
            .collect();
        let info = |name: &str| LabelInfo {
            name: name.into(),
            alert: 0.5,
            critical: 0.9,
            validated: true,
            rank: true,
            published: None,
            prevalence: None,
        };
        measure(&[info("Mass <&> \"sign\""), info("Hernia")], &cases).labels
    }

    fn dimensions(png: &[u8]) -> (u32, u32) {
        let picture = image::load_from_memory(png).unwrap().to_rgb8();
        let colours: std::collections::HashSet<_> = picture.pixels().collect();
        assert!(colours.len() > 20, "something is drawn");
        picture.dimensions()
    }

    #[test]
    fn every_plot_is_text_in_svg_and_pixels_in_png() {
        for (svg, word) in [
            (roc(&labels()), "1 - specificity"),
            (precision_recall(&labels()), "recall"),
            (reliability(&labels()), "ECE"),
        ] {
            assert!(svg.contains(word), "{word}");
            assert!(svg.contains("Mass &lt;&amp;&gt; &quot;sign&quot;"), "names are escaped");
            assert!(!svg.contains("Hernia"), "a label of one class has no curve");
            let (width, _) = dimensions(&png(&svg).unwrap());
            assert!(width >= 1000);
        }
    }

    /// A picture with text that must be drawn by the embedded font, whatever the machine has.
    #[test]
    fn text_is_drawn_without_fonts_of_the_machine() {
        let with = roc(&labels());
        let without = with.replace("sensitivity", " ");
        assert_ne!(png(&with).unwrap(), png(&without).unwrap());
    }

    #[test]
    fn the_panel_holds_its_pictures_and_boxes() {
        let shot = Shot {
            title: "Mass".into(),
            caption: "a.png · 0.93".into(),
            picture: RgbImage::from_fn(64, 32, |x, y| image::Rgb([u8::try_from(x * 3 + y).unwrap(); 3])),
            boxes: vec![Rect { x: 0.5, y: 0.5, width: 0.25, height: 0.25 }],
        };
        let svg = panel(&[shot], "the legend");
        assert!(svg.contains("data:image/jpeg;base64,") && svg.contains("a.png · 0.93"));
        dimensions(&png(&svg).unwrap());
    }
}
