//! DICOM objects for tests.

use cxr_film::Film;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::TransferSyntaxIndex;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

/// A single-row film of 16 allocated bits that tests change as they need.
pub(crate) struct Make {
    object: InMemDicomObject,
    syntax: &'static str,
}

impl Make {
    /// MONOCHROME2, unsigned, no window, these pixels in one row.
    pub(crate) fn row(bits_stored: u16, pixels: &[u16]) -> Self {
        let mut object = InMemDicomObject::new_empty();
        for (tag, value) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, 1),
            (tags::COLUMNS, u16::try_from(pixels.len()).unwrap()),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, bits_stored),
            (tags::HIGH_BIT, bits_stored - 1),
            (tags::PIXEL_REPRESENTATION, 0),
        ] {
            object.put(DataElement::new(tag, VR::US, dicom_value!(U16, value)));
        }
        let pixel_data = PrimitiveValue::U16(pixels.into());
        object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixel_data));
        Self { object, syntax: uids::EXPLICIT_VR_LITTLE_ENDIAN }
            .text(tags::SOP_CLASS_UID, VR::UI, uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE)
            .text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4")
            .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
            .text(tags::MODALITY, VR::CS, "CR")
    }

    pub(crate) fn text(mut self, tag: Tag, vr: VR, value: &str) -> Self {
        self.object.put_str(tag, vr, value);
        self
    }

    pub(crate) fn bytes(mut self, tag: Tag, vr: VR, value: &[u8]) -> Self {
        self.object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
        self
    }

    pub(crate) fn number(mut self, tag: Tag, value: u16) -> Self {
        self.object.put(DataElement::new(tag, VR::US, dicom_value!(U16, value)));
        self
    }

    pub(crate) fn without(mut self, tag: Tag) -> Self {
        assert!(self.object.remove_element(tag), "{tag} was not there");
        self
    }

    pub(crate) fn photometric(self, value: &str) -> Self {
        self.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, value)
    }

    pub(crate) fn signed(self) -> Self {
        self.number(tags::PIXEL_REPRESENTATION, 1)
    }

    pub(crate) fn window(self, center: &str, width: &str) -> Self {
        self.text(tags::WINDOW_CENTER, VR::DS, center).text(tags::WINDOW_WIDTH, VR::DS, width)
    }

    pub(crate) fn function(self, name: &str) -> Self {
        self.text(tags::VOILUT_FUNCTION, VR::CS, name)
    }

    pub(crate) fn rescale(self, slope: &str, intercept: &str) -> Self {
        self.text(tags::RESCALE_SLOPE, VR::DS, slope).text(tags::RESCALE_INTERCEPT, VR::DS, intercept)
    }

    /// A sequence of one table, with the descriptor's first value and bits.
    pub(crate) fn table(mut self, sequence: Tag, first: u16, bits: u16, entries: &[u16]) -> Self {
        let count = u16::try_from(entries.len()).unwrap();
        let item = InMemDicomObject::from_element_iter([
            DataElement::new(tags::LUT_DESCRIPTOR, VR::US, dicom_value!(U16, [count, first, bits])),
            DataElement::new(tags::LUT_DATA, VR::OW, PrimitiveValue::U16(entries.into())),
        ]);
        self.object.put(DataElement::new(
            sequence,
            VR::SQ,
            dicom_core::value::DataSetSequence::from(vec![item]),
        ));
        self
    }

    pub(crate) fn item(mut self, sequence: Tag, elements: &[(Tag, VR, &str)]) -> Self {
        let mut item = InMemDicomObject::new_empty();
        for (tag, vr, value) in elements {
            item.put_str(*tag, *vr, *value);
        }
        self.object.put(DataElement::new(
            sequence,
            VR::SQ,
            dicom_core::value::DataSetSequence::from(vec![item]),
        ));
        self
    }

    /// A sequence that refers to these objects.
    pub(crate) fn refers_to(mut self, sequence: Tag, uids: &[&str]) -> Self {
        let items: Vec<_> = uids
            .iter()
            .map(|uid| {
                let mut item = InMemDicomObject::new_empty();
                item.put_str(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, *uid);
                item
            })
            .collect();
        let items = dicom_core::value::DataSetSequence::from(items);
        self.object.put(DataElement::new(sequence, VR::SQ, items));
        self
    }

    /// Pixel data in the encapsulated form, one fragment.
    pub(crate) fn compressed(mut self, syntax: &'static str, fragment: Vec<u8>) -> Self {
        let sequence = dicom_core::value::PixelFragmentSequence::new(vec![], vec![fragment]);
        self.object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, sequence));
        self.syntax(syntax)
    }

    pub(crate) fn syntax(mut self, syntax: &'static str) -> Self {
        self.syntax = syntax;
        self
    }

    /// A complete DICOM file.
    pub(crate) fn file(self) -> Vec<u8> {
        let meta = FileMetaTableBuilder::new().transfer_syntax(self.syntax);
        let mut bytes = Vec::new();
        self.object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
        bytes
    }

    /// The data set alone.
    pub(crate) fn data_set(self) -> Vec<u8> {
        let syntax = TransferSyntaxRegistry.get(self.syntax).unwrap();
        let mut bytes = Vec::new();
        self.object.write_dataset_with_ts(&mut bytes, syntax).unwrap();
        bytes
    }

    pub(crate) fn film(self) -> Film {
        cxr_film::decode(&self.file()).unwrap()
    }

    pub(crate) fn display(self) -> Vec<u8> {
        self.film().display
    }

    /// Returns why it is refused.
    pub(crate) fn reason(self) -> String {
        cxr_film::decode(&self.file()).expect_err("decoded").reason
    }
}
