//! Single attributes as plain values; what is absent or makes no sense is `None`.

use dicom_object::{InMemDicomObject, Tag};

use crate::text::clean;

/// Text, cleaned; several values joined by `\`; empty where there is none.
pub(super) fn text(object: &InMemDicomObject, tag: Tag) -> String {
    object.get(tag).and_then(|element| element.to_str().ok()).map(|text| clean(&text)).unwrap_or_default()
}

/// The first value as an unsigned number.
pub(super) fn unsigned(object: &InMemDicomObject, tag: Tag) -> Option<u32> {
    object.get(tag)?.to_int().ok()
}

/// All values as finite numbers.
pub(super) fn numbers(object: &InMemDicomObject, tag: Tag) -> Vec<f64> {
    let values = object.get(tag).and_then(|element| element.to_multi_float64().ok()).unwrap_or_default();
    values.into_iter().take_while(|value| value.is_finite()).collect()
}

/// The first item of a sequence.
pub(super) fn first_item(object: &InMemDicomObject, sequence: Tag) -> Option<&InMemDicomObject> {
    object.get(sequence)?.items()?.first()
}
