//! A film's header out of its data set, as clean text: nothing in it can drive a terminal or pose as a path.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{
    Header,
    attributes::{text, unsigned},
    dataset::DataSet,
};
use crate::text::clean;

/// Reads all attributes of a [`Header`].
pub(super) fn read(object: &DataSet<'_>, syntax: &str) -> Header {
    let text = |tag: Tag| text(object, tag);
    let count = |tag: Tag| unsigned(object, tag).unwrap_or_default();
    Header {
        format: "DICOM".to_owned(),
        transfer_syntax: uid(syntax),
        columns: count(tags::COLUMNS),
        rows: count(tags::ROWS),
        bits_stored: u16::try_from(count(tags::BITS_STORED)).unwrap_or_default(),
        photometric_interpretation: text(tags::PHOTOMETRIC_INTERPRETATION),
        coloured_percent: 0,
        // Absent from single-frame objects; 0 is written by senders who mean the same.
        frames: count(tags::NUMBER_OF_FRAMES).max(1),
        study_instance_uid: uid(&text(tags::STUDY_INSTANCE_UID)),
        series_instance_uid: uid(&text(tags::SERIES_INSTANCE_UID)),
        sop_instance_uid: uid(&text(tags::SOP_INSTANCE_UID)),
        sop_class_uid: uid(&text(tags::SOP_CLASS_UID)),
        patient_name: text(tags::PATIENT_NAME),
        patient_id: text(tags::PATIENT_ID),
        patient_birth_date: text(tags::PATIENT_BIRTH_DATE),
        patient_age: text(tags::PATIENT_AGE),
        patient_sex: text(tags::PATIENT_SEX),
        accession_number: text(tags::ACCESSION_NUMBER),
        study_date: text(tags::STUDY_DATE),
        study_time: text(tags::STUDY_TIME),
        study_description: text(tags::STUDY_DESCRIPTION),
        series_description: text(tags::SERIES_DESCRIPTION),
        protocol_name: or_else(text(tags::PROTOCOL_NAME), || {
            text(tags::ACQUISITION_DEVICE_PROCESSING_DESCRIPTION)
        }),
        modality: text(tags::MODALITY),
        body_part_examined: text(tags::BODY_PART_EXAMINED),
        anatomic_region_code: code(object, tags::ANATOMIC_REGION_SEQUENCE, tags::CODE_VALUE),
        anatomic_region: code(object, tags::ANATOMIC_REGION_SEQUENCE, tags::CODE_MEANING),
        view_position: view(object),
        view_code: code(object, tags::VIEW_CODE_SEQUENCE, tags::CODE_VALUE),
        view_modifiers: view_modifiers(object),
        laterality: or_else(text(tags::IMAGE_LATERALITY), || text(tags::LATERALITY)),
        patient_orientation: text(tags::PATIENT_ORIENTATION),
        presentation_intent_type: text(tags::PRESENTATION_INTENT_TYPE),
        source_images: source_images(object),
        acquired_at: acquired_at(object),
        content_at: moment(&text(tags::CONTENT_DATE), &text(tags::CONTENT_TIME)),
        detector_id: text(tags::DETECTOR_ID),
        institution_name: text(tags::INSTITUTION_NAME),
        station_name: text(tags::STATION_NAME),
        pixels: String::new(),
    }
}

/// View Position, which a third of films leave empty, else the meaning of the View Code Sequence,
/// which a DX object must have (PS3.3 C.8.11.5).
fn view(object: &DataSet<'_>) -> String {
    or_else(text(object, tags::VIEW_POSITION), || code(object, tags::VIEW_CODE_SEQUENCE, tags::CODE_MEANING))
}

/// The value or the meaning of a sequence's first code.
fn code(object: &DataSet<'_>, sequence: Tag, tag: Tag) -> String {
    object.first_item(sequence).map(|code| text(&code, tag)).unwrap_or_default()
}

fn view_modifiers(object: &DataSet<'_>) -> Vec<String> {
    let Some(view) = object.first_item(tags::VIEW_CODE_SEQUENCE) else { return Vec::new() };
    let modifiers = view.items(tags::VIEW_MODIFIER_CODE_SEQUENCE);
    let told =
        modifiers.iter().flat_map(|code| [tags::CODE_VALUE, tags::CODE_MEANING].map(|tag| text(code, tag)));
    told.filter(|told| !told.is_empty()).collect()
}

fn source_images(object: &DataSet<'_>) -> Vec<String> {
    let sources = object.items(tags::SOURCE_IMAGE_SEQUENCE);
    let named = sources.iter().map(|source| uid(&text(source, tags::REFERENCED_SOP_INSTANCE_UID)));
    named.filter(|uid| !uid.is_empty()).collect()
}

fn acquired_at(object: &DataSet<'_>) -> String {
    let text = |tag: Tag| text(object, tag);
    or_else(moment(&text(tags::ACQUISITION_DATE), &text(tags::ACQUISITION_TIME)), || {
        let whole = text(tags::ACQUISITION_DATE_TIME);
        whole.split_at_checked(8).map(|(date, time)| moment(date, time)).unwrap_or_default()
    })
}

/// A date and a time of day as one text that tells one exposure from the next, or nothing: within a minute there
/// may be two.
fn moment(date: &str, time: &str) -> String {
    let to_the_second =
        |time: &str| time.len() >= 6 && time.bytes().take(6).all(|byte| byte.is_ascii_digit());
    if date.len() == 8 && to_the_second(time) { format!("{date}{time}") } else { String::new() }
}

fn or_else(value: String, other: impl FnOnce() -> String) -> String {
    if value.is_empty() { other() } else { value }
}

/// A UID that can be relied on as a key and in a file name: digits and dots, 64 at most (PS3.5 9.1);
/// anything else is empty.
fn uid(value: &str) -> String {
    let value = clean(value);
    let valid = value.len() <= 64
        && value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && value.split('.').all(|component| !component.is_empty());
    if valid { value } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::{moment, uid};

    #[test]
    fn a_moment_is_known_to_the_second_or_not_at_all() {
        for (date, time, kept) in [
            ("20240131", "081502", "20240131081502"),
            ("20240131", "081502.125", "20240131081502.125"),
            ("20240131", "0815", ""),
            ("20240131", "08:15:02", ""),
            ("2024", "081502", ""),
            ("", "", ""),
        ] {
            assert_eq!(moment(date, time), kept, "{date} {time}");
        }
    }

    #[test]
    fn a_uid_is_a_key_or_nothing() {
        let long = "1.".repeat(40);
        for (raw, kept) in [
            ("1.2.840.10008.1.2", "1.2.840.10008.1.2"),
            ("1.2.3\0", "1.2.3"),
            (" 1.2.3 ", "1.2.3"),
            ("../../etc", ""),
            ("..", ""),
            ("1..2", ""),
            ("", ""),
            ("1.2\u{1b}[2J", ""),
            (long.as_str(), ""),
        ] {
            assert_eq!(uid(raw), kept, "{raw:?}");
        }
    }
}
