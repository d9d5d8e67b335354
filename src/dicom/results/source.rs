//! The patient of a film and its numbers, as its own header says.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{ResultsError, What, set::DataSet};
use cxr_film::{Header, Values};

/// Attributes that identify a patient and a study: the same in every object of them.
const SHARED: [Tag; 12] = [
    tags::STUDY_ID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::STUDY_DESCRIPTION,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_BIRTH_TIME,
    tags::PATIENT_SEX,
];
/// Of those, what has to be there, if need be empty.
const NEVER_ABSENT: [Tag; 9] = [
    tags::STUDY_ID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
];
/// Attributes that a picture made of the film has as the film has them.
const OF_PICTURE: [Tag; 5] = [
    tags::PATIENT_ORIENTATION,
    tags::BODY_PART_EXAMINED,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::LOSSY_IMAGE_COMPRESSION_RATIO,
    tags::LOSSY_IMAGE_COMPRESSION_METHOD,
];

/// The film that a result is about: patient, study and number of the film, as its header has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    header: Header,
    values: Values,
}

impl Source {
    /// Reads it from the bytes of a film's file; of the pixel data nothing is decoded.
    ///
    /// # Errors
    /// [`ResultsError::NotDicom`] for a picture, [`ResultsError::Missing`] for a film without valid UIDs.
    pub fn read(bytes: &[u8]) -> Result<Self, ResultsError> {
        let wanted: Vec<Tag> = SHARED.into_iter().chain(OF_PICTURE).collect();
        let (header, values) = cxr_film::header(bytes, &wanted).map_err(|_| ResultsError::NotDicom)?;
        for (uid, name) in [
            (&header.study_instance_uid, "Study Instance UID"),
            (&header.series_instance_uid, "Series Instance UID"),
            (&header.sop_instance_uid, "SOP Instance UID"),
            (&header.sop_class_uid, "SOP Class UID"),
        ] {
            if uid.is_empty() {
                return Err(ResultsError::Missing(name));
            }
        }
        Ok(Self { header, values })
    }

    /// The film's header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns whether two films are of one study and, as far as they say so, of one patient.
    pub(super) fn is_with(&self, other: &Self) -> bool {
        let (patient, others) = (&self.header.patient_id, &other.header.patient_id);
        self.header.study_instance_uid == other.header.study_instance_uid
            && (patient == others || patient.is_empty() || others.is_empty())
    }

    /// Returns whether the film was compressed with loss once, as far as one knows.
    fn is_lossy(&self) -> bool {
        use dicom_dictionary_std::uids::{
            HTJ2K, JPEG_BASELINE8_BIT, JPEG_EXTENDED12_BIT, JPEG2000, JPEGLS_NEAR_LOSSLESS,
        };
        let says_so = self
            .values
            .raw()
            .any(|(tag, value)| tag == tags::LOSSY_IMAGE_COMPRESSION && value.starts_with(b"01"));
        says_so
            || [JPEG_BASELINE8_BIT, JPEG_EXTENDED12_BIT, JPEG2000, JPEGLS_NEAR_LOSSLESS, HTJ2K]
                .contains(&self.header.transfer_syntax.as_str())
    }

    /// Puts patient and study into an object that is otherwise complete, and into a picture what it says as the film does:
    /// in the film's own bytes and character set, which the archive knows already. Where the object itself says more than
    /// ASCII, all of it becomes UTF-8.
    pub(super) fn describe(&self, set: &mut DataSet, what: What) {
        let is_meant = |tag: &Tag| SHARED.contains(tag) || what == What::Sc && OF_PICTURE.contains(tag);
        if set.is_ascii() {
            for (tag, value) in self.values.raw().filter(|(tag, _)| is_meant(tag)) {
                set.bytes(tag, value.to_vec());
            }
            if let Some(value) = self.values.character_set() {
                set.bytes(tags::SPECIFIC_CHARACTER_SET, value.to_vec());
            }
        } else {
            for (tag, text) in self.values.text().filter(|(tag, _)| is_meant(tag)) {
                set.text(tag, &text);
            }
            set.text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192");
        }
        for tag in NEVER_ABSENT {
            set.empty(tag);
        }
        set.text(tags::STUDY_INSTANCE_UID, &self.header.study_instance_uid);
        if what == What::Sc {
            set.empty(tags::PATIENT_ORIENTATION);
            if self.is_lossy() {
                set.text(tags::LOSSY_IMAGE_COMPRESSION, "01");
            }
        }
    }
}
