//! Files of boxes: NIH's `BBox_List_2017.csv` and its like.

use super::{
    labels::{LabelError, canonical, decoded, nearest, records},
    localise::Rect,
};

/// One box, in pixels of the film that it was drawn on.
#[derive(Debug, Clone, PartialEq)]
pub struct FilmBox {
    /// The line that it stands on, from 1.
    pub line: u64,
    /// The film, as the file names it.
    pub film: String,
    /// The label's place in the model.
    pub label: usize,
    /// Left edge, top edge, width, height.
    pub pixels: [f64; 4],
}

impl FilmBox {
    /// The box as shares of a film of `size`, columns and rows, cut at the film's edges; none if nothing
    /// of it lies on the film: then its numbers are of another size.
    #[must_use]
    pub fn on(&self, size: (u32, u32)) -> Option<Rect> {
        let [x, y, width, height] = self.pixels;
        let along = |start: f64, length: f64, size: u32| {
            let (from, to) = (start / f64::from(size), (start + length) / f64::from(size));
            let (from, to) = (from.clamp(0.0, 1.0), to.clamp(0.0, 1.0));
            (to > from).then_some((from, to - from))
        };
        let ((x, width), (y, height)) = (along(x, width, size.0)?, along(y, height, size.1)?);
        Some(Rect { x, y, width, height })
    }

    /// Whether it reaches beyond a film of `size` by more than rounding.
    #[must_use]
    pub fn leaves(&self, size: (u32, u32)) -> bool {
        let [x, y, width, height] = self.pixels;
        x + width > f64::from(size.0) + 1.5 || y + height > f64::from(size.1) + 1.5
    }
}

/// Reads a file of boxes: the film first, then the label, then left edge, top edge, width and height, under
/// any names (NIH's header is `Image Index,Finding Label,Bbox [x,y,w,h]`). With it come notes on
/// what was left out.
///
/// # Errors
/// [`LabelError::Table`] with the line, [`LabelError::Empty`].
pub fn read_boxes(bytes: &[u8], known: &[&str]) -> Result<(Vec<FilmBox>, Vec<String>), LabelError> {
    let text = decoded(bytes);
    let (mut boxes, mut notes) = (Vec::new(), Vec::new());
    for record in records(&text, true).skip(1) {
        let (line, cells) = record?;
        let cell = |n: usize| cells.get(n).cloned().unwrap_or_default();
        let number = |n: usize| {
            cell(n).parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| {
                LabelError::Table(format!(
                    "line {line}: `{}` is no number of pixels; the columns are film, label, left edge, top \
                     edge, width, height",
                    cell(n)
                ))
            })
        };
        let pixels = [number(2)?, number(3)?, number(4)?, number(5)?];
        if pixels[2] <= 0.0 || pixels[3] <= 0.0 {
            return Err(LabelError::Table(format!("line {line}: a box of no width or height")));
        }
        let name = cell(1);
        match canonical(&name, known).and_then(|label| known.iter().position(|known| *known == label)) {
            Some(label) => boxes.push(FilmBox { line, film: cell(0), label, pixels }),
            None => {
                let near = nearest(&name, known).map(|near| format!("; did you mean `{near}`?"));
                notes.push(format!(
                    "a box of `{name}`, which the model does not have, was left out{}",
                    near.unwrap_or_default()
                ));
            }
        }
    }
    notes.dedup();
    if boxes.is_empty() && notes.is_empty() {
        return Err(LabelError::Empty);
    }
    Ok((boxes, notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["Infiltration", "Mass"];

    #[test]
    fn nihs_list_is_read() {
        let text = b"Image Index,Finding Label,Bbox [x,y,w,h],,,\n\
                     a.png,Infiltrate,225.08,547.01,86.77,79.18,,,\nb.png,Mas,1,2,3,4,,,\n";
        let (boxes, notes) = read_boxes(text, &KNOWN).unwrap();
        let expected =
            FilmBox { line: 2, film: "a.png".into(), label: 0, pixels: [225.08, 547.01, 86.77, 79.18] };
        assert_eq!(boxes, [expected]);
        assert_eq!(
            notes,
            ["a box of `Mas`, which the model does not have, was left out; did you mean `Mass`?"]
        );
    }

    #[test]
    fn mistakes_say_where() {
        for (text, says) in [
            ("Image,Label,X,Y,W,H\n", "holds no films"),
            ("Image,Label,X,Y,W,H\na.png,Mass,1,2,x,4\n", "line 2: `x` is no number"),
            ("Image,Label,X,Y,W,H\na.png,Mass,1,2\n", "line 2"),
            ("Image,Label,X,Y,W,H\na.png,Mass,1,2,0,4\n", "no width"),
        ] {
            let error = read_boxes(text.as_bytes(), &KNOWN).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn boxes_are_shares_of_the_film_they_were_drawn_on() {
        let drawn = FilmBox { line: 2, film: String::new(), label: 0, pixels: [512.0, 0.0, 256.0, 1024.0] };
        assert_eq!(drawn.on((1024, 1024)), Some(Rect { x: 0.5, y: 0.0, width: 0.25, height: 1.0 }));
        assert_eq!(drawn.on((256, 256)), None);
        assert!(drawn.leaves((256, 256)) && !drawn.leaves((1024, 1024)));
    }
}
