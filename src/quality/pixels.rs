//! The gates that look at the picture.

use cxr_film::Film;

/// How many pixels of a film have each display grey.
pub(super) type GreyCounts = [u32; 256];

/// Grey levels of 255 that the middle 98 % of a film's pixels must span. The flattest of 75 real films
/// spans more than ten times that; an unexposed plate with a marker on it spans none.
const LEAST_SPAN: usize = 8;

/// Grey levels of 255 below which the middle 98 % of the pixels use so little of the scale that small contrasts
/// are lost: a tenth. The flattest of 5,613 real films spans 47.
const FLAT_SPAN: usize = 26;

/// Short side in pixels below which findings are lost: the networks look at 224 and more.
const LEAST_SIDE: u32 = 200;

/// Shares of a film's pixels at either end of the grey scale beyond which its field counts as clipped. Of
/// 5,613 real films two have more black (collimation, air beside the patient), and two more white (markers,
/// metal).
const MOST_BLACK: f64 = 0.30;
const MOST_WHITE: f64 = 0.05;

/// So many greys at either end of 0 to 255 count as the end: lossy compression blurs it.
const END: usize = 3;

/// Percent of a picture's pixels that may have colour: annotations do, a photograph does all over.
const MOST_COLOURED: u8 = 10;

/// Nothing to see: what a workstation would show is of one grey but for a hundredth at either end
/// (markers, burnt-in text, a frame).
pub(super) fn blank(greys: &GreyCounts) -> Option<String> {
    let (low, high) = middle(greys);
    (high - low < LEAST_SPAN).then(|| {
        format!(
            "The film is blank as it is read here: nearly all of it is of grey {low} to {high} of 255. If it shows a \
             patient on its workstation, read it there, and check the window and the depth that the sender writes."
        )
    })
}

/// A picture that a narrow part of the grey scale is left for, by a window that is too wide or an exposure that is
/// too short.
pub(super) fn flat(greys: &GreyCounts) -> Option<String> {
    let (low, high) = middle(greys);
    (high - low < FLAT_SPAN).then(|| {
        let percent = (high - low) * 100 / usize::from(u8::MAX);
        format!(
            "The picture uses {percent} % of the grey scale, so its score may miss what is faint: check the window, or \
             the depth that the sender writes."
        )
    })
}

/// The 1st and 99th percentile.
fn middle(greys: &GreyCounts) -> (usize, usize) {
    (first_beyond_hundredth(greys, 0..256), first_beyond_hundredth(greys, (0..256).rev()))
}

/// The first grey, counted in this order, that more than a hundredth of the pixels lie at or before.
fn first_beyond_hundredth(greys: &GreyCounts, mut order: impl Iterator<Item = usize>) -> usize {
    let hundredth = pixels(greys) / 100;
    let mut seen = 0;
    let beyond = |&grey: &usize| {
        seen += u64::from(greys[grey]);
        seen > hundredth
    };
    order.find(beyond).unwrap_or_default()
}

/// How many pixels have one of these greys.
fn pixels(greys: &[u32]) -> u64 {
    greys.iter().map(|&count| u64::from(count)).sum()
}

/// Too few pixels.
pub(super) fn small(film: &Film) -> Option<String> {
    let Film { width, height, .. } = film;
    ((*width).min(*height) < LEAST_SIDE).then(|| {
        format!(
            "The film has only {width} x {height} pixels, too few to show small findings: send the original \
             rather than a preview."
        )
    })
}

/// Much of the field is black or white beyond telling.
pub(super) fn clipped(greys: &GreyCounts) -> Option<String> {
    let of = |ends: &[u32]| share(pixels(ends), pixels(greys));
    let (black, white) = (of(&greys[..END]), of(&greys[256 - END..]));
    let (part, end) = match (black > MOST_BLACK, white > MOST_WHITE) {
        (_, true) => (white, "white"),
        (true, _) => (black, "black"),
        (false, false) => return None,
    };
    let percent = (part * 100.0).round();
    Some(format!(
        "The field is clipped: {percent} % of it is plain {end}; what lies there cannot be seen, so check the \
         window or the exposure."
    ))
}

/// A photograph in colour, of a light box or of anything else.
pub(super) fn colour(film: &Film) -> Option<String> {
    let percent = film.header.coloured_percent;
    (percent > MOST_COLOURED).then(|| {
        format!(
            "The picture has colour in {percent} % of its pixels, as a photograph has and a film has not: send \
             the film itself, or export it in grey."
        )
    })
}

/// A part of a whole, 0 where there is no whole.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
