//! Whether a window or VOI LUT suits the picture that it came with. Consoles, converters and anonymisers leave windows
//! behind that belong to another film, other units or another depth.

use crate::tone;

/// Shares of the picture that a window may turn plain black and plain white, where the film itself is neither: the
/// limits of the gate for clipped films. Of 5,613 films, shown through the windows that they were taken with, four
/// exceed them.
const MOST_BLACK: f64 = 0.30;
const MOST_WHITE: f64 = 0.05;
/// Grey levels of 255 that a picture should span: a tenth of the scale.
const LEAST_SPAN: usize = 26;
/// The part that is cut off is picture, not the even air or border beside it, if its middle spans one part in this many of the
/// greys that the window shows.
const BROAD: usize = 4;
/// Fewer pixels are no film to judge a window by.
const FEWEST: u64 = 10_000;

/// The grey that each stored value has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Through the window, as a fraction of white.
    pub(super) window: &'a [f64],
    /// Over the film's whole grey scale.
    pub(super) whole: &'a [f64],
    /// How many pixels have the value.
    pub(super) counts: &'a [u32],
    /// White is black: MONOCHROME1.
    pub(super) inverted: bool,
}

/// Says what the window does to the picture that no window of its own would; nothing where it suits.
pub(super) fn fault(shown: Shown<'_>) -> Option<String> {
    let pixels: u64 = shown.counts.iter().map(|&count| u64::from(count)).sum();
    if pixels < FEWEST {
        return None;
    }
    let cut_off = |end: u8| {
        let cut = shown.cut_off_at(end);
        let share = cut.iter().map(|&(_, count)| u64::from(count)).sum::<u64>() as f64 / pixels as f64;
        (share, shown.is_broad(&cut))
    };
    let ends = if shown.inverted { [255, 0] } else { [0, 255] };
    for (end, name, most) in [(ends[0], "black", MOST_BLACK), (ends[1], "white", MOST_WHITE)] {
        let (share, is_broad) = cut_off(end);
        if share > most && is_broad {
            let percent = (share * 100.0).round();
            return Some(format!("makes {percent} % of the picture plain {name}"));
        }
    }
    let [window, whole] = [shown.window, shown.whole].map(|greys| span(greys, shown.counts));
    (window < LEAST_SPAN && whole >= LEAST_SPAN)
        .then(|| format!("leaves the picture {} % of the grey scale", window * 100 / 255))
}

impl Shown<'_> {
    /// The stored values that the window makes plain `end` and the film's own grey scale does not, with their pixels.
    fn cut_off_at(self, end: u8) -> Vec<(usize, u32)> {
        let greys = self.window.iter().zip(self.whole).zip(self.counts).enumerate();
        greys
            .filter(|&(_, ((&window, &whole), &count))| {
                count > 0 && tone::grey(window) == end && !matches!(tone::grey(whole), 0 | 255)
            })
            .map(|(stored, (_, &count))| (stored, count))
            .collect()
    }

    /// Returns whether the middle four fifths of these pixels spread over many greys.
    fn is_broad(self, cut: &[(usize, u32)]) -> bool {
        let tenth = cut.iter().map(|&(_, count)| u64::from(count)).sum::<u64>() / 10;
        let counted = cut.iter().map(|&(stored, count)| (stored, u64::from(count)));
        let spread = first_beyond(tenth, counted.clone().rev()).saturating_sub(first_beyond(tenth, counted));
        let visible = self.window.iter().filter(|&&window| !matches!(tone::grey(window), 0 | 255)).count();
        spread * BROAD >= visible
    }
}

/// Grey levels of 255 that the middle 98 % of the pixels span.
fn span(shown: &[f64], counts: &[u32]) -> usize {
    let mut by_grey = [0_u64; 256];
    for (&shown, &count) in shown.iter().zip(counts) {
        by_grey[usize::from(tone::grey(shown))] += u64::from(count);
    }
    let hundredth = by_grey.iter().sum::<u64>() / 100;
    let counted = by_grey.into_iter().enumerate();
    first_beyond(hundredth, counted.clone().rev()).saturating_sub(first_beyond(hundredth, counted))
}

/// The first value, in this order, by which more than `tail` pixels have been passed.
fn first_beyond(tail: u64, mut counted: impl Iterator<Item = (usize, u64)>) -> usize {
    let mut passed = 0;
    let is_beyond = |&(_, count): &(usize, u64)| {
        passed += count;
        passed > tail
    };
    counted.find(is_beyond).map_or(0, |(value, _)| value)
}
