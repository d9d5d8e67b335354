//! Tables that have a row for each box or outline, and are no label files.

use super::columns::plain;

/// The columns that hold a box, by their plain names.
const BOXES: &[&[&str]] = &[
    &["x", "y", "width", "height"],
    &["x", "y", "w", "h"],
    &["xmin", "ymin", "xmax", "ymax"],
    &["xmin", "xmax", "ymin", "ymax"],
    &["xmin", "ymin", "width", "height"],
    &["x0", "y0", "x1", "y1"],
    &["x1", "y1", "x2", "y2"],
    &["left", "top", "right", "bottom"],
    &["left", "top", "width", "height"],
    &["xcenter", "ycenter", "width", "height"],
    &["xcentre", "ycentre", "width", "height"],
    &["bbox"],
];
/// A column that holds an outline as a run-length code or a list of points.
const OUTLINES: &[&str] = &["encodedpixels", "rle", "maskrle", "segmentation", "polygon", "landmarks"];

/// Names the kind of table that has such columns, and the columns that say so.
pub(super) fn of(header: &[String]) -> Option<(&'static str, Vec<&str>)> {
    let names: Vec<String> = header.iter().map(|name| without_box(&plain(name))).collect();
    let named = |wanted: &str| names.iter().position(|name| name == wanted);
    let has = |wanted: &str| header.iter().any(|name| plain(name) == wanted);
    if let Some(column) = OUTLINES.iter().find_map(|outline| named(outline)) {
        let whose = if has("encodedpixels") && has("imageid") {
            "SIIM-ACR's list of outlines"
        } else {
            "a list of outlines"
        };
        return Some((whose, vec![header[column].as_str()]));
    }
    if names == ["patientid", "class"] {
        return Some(("RSNA's list of classes", header.iter().map(String::as_str).collect()));
    }
    let found: Vec<usize> =
        BOXES.iter().find_map(|columns| columns.iter().map(|column| named(column)).collect())?;
    let whose = if has("patientid") && has("target") {
        "RSNA's list of boxes"
    } else if has("imageid") && (has("classname") || has("radid")) {
        "VinDr's list of boxes"
    } else if has("imageindex") && has("findinglabel") {
        "NIH's list of boxes"
    } else {
        "a list of boxes"
    };
    Some((whose, found.into_iter().map(|column| header[column].as_str()).collect()))
}

/// A column's name without a word for "box" before or behind it: `bbox_x_min`, `Bbox [x`.
fn without_box(name: &str) -> String {
    let words = ["boundingboxes", "boundingbox", "bboxes", "bbox", "boxes", "box"];
    if words.contains(&name) {
        return "bbox".to_owned();
    }
    let rest = words.iter().find_map(|word| name.strip_prefix(word).or_else(|| name.strip_suffix(word)));
    rest.unwrap_or(name).to_owned()
}
