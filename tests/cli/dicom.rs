//! Drawn films as DICOM files.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value, value::DataSetSequence};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use image::GrayImage;

/// The text attributes of a drawn film; those given later count.
type Attributes<'a> = &'a [(Tag, VR, &'a str)];

/// A CR film of 8 bits with that picture. The number makes its UIDs: each is of a study of its own.
pub(crate) fn object(number: u32, picture: &GrayImage, attributes: Attributes<'_>) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, u16::try_from(picture.height()).unwrap()),
        (tags::COLUMNS, u16::try_from(picture.width()).unwrap()),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, dicom_value!(U16, value)));
    }
    let (study, image) = (format!("1.2.{number}"), format!("1.2.{number}.1"));
    let usual = [
        (tags::SOP_CLASS_UID, VR::UI, uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, &image),
        (tags::STUDY_INSTANCE_UID, VR::UI, &study),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        (tags::MODALITY, VR::CS, "CR"),
    ];
    for (tag, vr, value) in usual.iter().chain(attributes) {
        object.put_str(*tag, *vr, *value);
    }
    let pixels = PrimitiveValue::from(picture.as_raw().as_slice());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
    object
}

/// Says what the film was made from.
pub(crate) fn made_from(object: &mut InMemDicomObject, uid: &str) {
    let mut item = InMemDicomObject::new_empty();
    item.put_str(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, uid);
    let items = DataSetSequence::from(vec![item]);
    object.put(DataElement::new(tags::SOURCE_IMAGE_SEQUENCE, VR::SQ, items));
}

pub(crate) fn file(object: InMemDicomObject) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}
