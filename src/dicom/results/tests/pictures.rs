//! Results as pictures.

use super::*;
use crate::model::Region;

/// Heat of "Pneumothorax" in the upper right corner of the film.
fn heat() -> Heatmap {
    let mut values = vec![0.0; 3 * 4];
    values[4 + 1] = 1.0;
    Heatmap { labels: 3, rows: 2, columns: 2, values, region: Region::WHOLE }
}

pub(super) fn capture(result: &StudyResult) -> Object {
    let picture = cxr_film::decode(&film(|_| {})).unwrap();
    secondary_capture(result, 0, &picture, Some(&heat())).unwrap()
}

#[test]
fn a_picture_shows_the_film_the_right_way_round_with_the_heat_where_it_belongs() {
    let set = read(&capture(&alarming()));
    for (tag, value) in [
        (tags::MODALITY, "OT"),
        (tags::CONVERSION_TYPE, "WSD"),
        (tags::BURNED_IN_ANNOTATION, "YES"),
        (tags::IMAGE_TYPE, "DERIVED\\SECONDARY"),
        (tags::PATIENT_ORIENTATION, "L\\F"),
        (tags::PATIENT_NAME, "DOE^JANE"),
    ] {
        assert_eq!(text(&set, tag), value, "{tag}");
    }
    let source = &set.get(tags::SOURCE_IMAGE_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(text(source, tags::REFERENCED_SOP_INSTANCE_UID), "1.2.3.4");
    let size = |tag: Tag| set.get(tag).unwrap().to_int::<usize>().unwrap();
    let (rows, columns) = (size(tags::ROWS), size(tags::COLUMNS));
    let pixels = set.get(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned();
    assert_eq!(pixels.len(), rows * columns * 3);
    let at = |x: usize, y: usize| -> [u8; 3] { pixels[(y * columns + x) * 3..][..3].try_into().unwrap() };
    // The film's 64 x 32 pixels stand in the middle, below the title.
    let (left, top) = ((columns - 64) / 2, 2 * 8 + 16);
    let [bright, dark] = [at(left + 2, top + 30), at(left + 61, top + 30)];
    assert!(
        bright[0].abs_diff(200) < 3 && dark[0].abs_diff(20) < 3,
        "bright at the left: {bright:?} {dark:?}"
    );
    assert!([bright, dark].iter().all(|[red, green, blue]| red == green && green == blue), "no heat below");
    let [red, green, blue] = at(left + 60, top + 2);
    // The hottest colour is a pale yellow.
    assert!(red > 100 && green > 100 && blue + 20 < red, "hot at the upper right: {red} {green} {blue}");
    let is_title = |y: usize| (0..columns).any(|x| at(x, y) == [255, 214, 90]);
    assert!((8..24).any(is_title), "not for diagnosis");
    let letters = (top + 40..rows).filter(|&y| (0..columns).any(|x| at(x, y) != [24; 3])).count();
    assert!(letters > 20, "the findings stand below");
}

#[test]
fn a_picture_of_a_film_that_was_compressed_with_loss_says_so() {
    let bytes = film(|set| {
        set.text(tags::LOSSY_IMAGE_COMPRESSION, "01").text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, "12.5");
    });
    let result = study(vec![scored(&bytes, vec![finding("Mass", 0.9, true)])]);
    let set = read(&capture(&result));
    assert_eq!(text(&set, tags::LOSSY_IMAGE_COMPRESSION), "01");
    assert_eq!(text(&set, tags::LOSSY_IMAGE_COMPRESSION_RATIO), "12.5");
    assert!(read(&capture(&alarming())).get(tags::LOSSY_IMAGE_COMPRESSION).is_none());
}
