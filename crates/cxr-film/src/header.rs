//! A film's header, as clean text.

use serde::{Deserialize, Serialize};

/// The attributes that triage, gates, worklist and audit need, named as in DICOM PS3.6. A raster file
/// fills in only the format and the size. All text is already [cleaned](crate::text::clean), and
/// empty where the file says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// "DICOM", "PNG", "JPEG" or "TIFF".
    pub format: String,
    /// Transfer Syntax UID.
    pub transfer_syntax: String,
    /// Columns of the stored picture.
    pub columns: u32,
    /// Rows of the stored picture.
    pub rows: u32,
    /// Bits Stored; bits a sample for a raster file.
    pub bits_stored: u16,
    /// Photometric Interpretation.
    pub photometric_interpretation: String,
    /// Percent of a raster picture's pixels that have colour; 0 for DICOM.
    pub coloured_percent: u8,
    /// Number of Frames.
    pub frames: u32,
    /// Study Instance UID: digits and dots only, 64 at most; else empty.
    pub study_instance_uid: String,
    /// Series Instance UID, likewise.
    pub series_instance_uid: String,
    /// SOP Instance UID, likewise.
    pub sop_instance_uid: String,
    /// SOP Class UID, likewise.
    pub sop_class_uid: String,
    /// Patient's Name.
    pub patient_name: String,
    /// Patient ID.
    pub patient_id: String,
    /// Patient's Birth Date, `YYYYMMDD`.
    pub patient_birth_date: String,
    /// Patient's Age, `045Y`.
    pub patient_age: String,
    /// Patient's Sex.
    pub patient_sex: String,
    /// Accession Number.
    pub accession_number: String,
    /// Study Date, `YYYYMMDD`.
    pub study_date: String,
    /// Study Time, `HHMMSS` and more.
    pub study_time: String,
    /// Study Description.
    pub study_description: String,
    /// Series Description.
    pub series_description: String,
    /// Protocol Name, else Acquisition Device Processing Description.
    pub protocol_name: String,
    /// Modality.
    pub modality: String,
    /// Body Part Examined.
    pub body_part_examined: String,
    /// Code Value of the Anatomic Region Sequence.
    pub anatomic_region_code: String,
    /// Its Code Meaning.
    pub anatomic_region: String,
    /// View Position, else the meaning of the View Code Sequence.
    pub view_position: String,
    /// Code Value of the View Code Sequence.
    pub view_code: String,
    /// Code Values and meanings of its View Modifier Code Sequence.
    pub view_modifiers: Vec<String>,
    /// Image Laterality, else Laterality.
    pub laterality: String,
    /// Patient Orientation, values joined by `\`.
    pub patient_orientation: String,
    /// Presentation Intent Type.
    pub presentation_intent_type: String,
    /// Referenced SOP Instance UIDs of the Source Image Sequence: what this image was made from.
    pub source_images: Vec<String>,
    /// Acquisition Date and Time, one after the other, else Acquisition DateTime; empty unless both parts are
    /// there, the time to the second.
    pub acquired_at: String,
    /// Content Date and Time, likewise.
    pub content_at: String,
    /// Detector ID.
    pub detector_id: String,
    /// Institution Name.
    pub institution_name: String,
    /// Station Name.
    pub station_name: String,
    /// A hash of the stored picture (its size, its values before any LUT, which end of them is white): 32 hex digits.
    /// It is the same in every lossless transfer syntax. Empty where the pixels were not decoded, and for a raster
    /// file, which has no UID to share with another one.
    pub pixels: String,
}
