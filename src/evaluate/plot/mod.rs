//! Plots as SVG, by a small writer of our own.

mod chart;
mod curves;
mod panel;
mod svg;

pub use curves::{precision_recall, reliability, roc};
pub use panel::{Shot, panel};
pub(super) use svg::escape;

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
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
        measure(&[LabelInfo::plain("Mass <&> \"sign\"", 0.5), LabelInfo::plain("Hernia", 0.5)], &cases).labels
    }

    #[test]
    fn every_plot_has_its_curve_its_words_and_names_that_are_escaped() {
        for (svg, word) in [
            (roc(&labels()), "1 - specificity"),
            (precision_recall(&labels()), "recall"),
            (reliability(&labels()), "ECE"),
        ] {
            assert!(svg.contains(word), "{word}");
            assert!(svg.contains("<path "), "a curve is drawn");
            assert!(svg.contains("Mass &lt;&amp;&gt; &quot;sign&quot;"), "names are escaped");
            assert!(!svg.contains("Hernia"), "a label of one class has no curve");
        }
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
        assert!(svg.contains("a.png · 0.93"));
        let (_, data) = svg.split_once("data:image/jpeg;base64,").unwrap();
        let jpeg = STANDARD.decode(data.split('"').next().unwrap()).unwrap();
        let film = image::load_from_memory(&jpeg).unwrap();
        assert_eq!((film.width(), film.height()), (64, 32));
        assert!(svg.contains("stroke=\"#35e0ff\""), "the box is drawn");
    }
}
