//! An object that can be sent, or written as a file.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{
    FilmResult, ResultsError, Sent, Source, StudyResult, What,
    codes::short_text,
    digest,
    set::{DataSet, Syntax},
    uid::uid,
};
use crate::dicom::wire::{IMPLEMENTATION_CLASS, IMPLEMENTATION_NAME};

/// The name of this program, as of a device and its maker.
pub(super) const PROGRAM: &str = "cxr-triage";

/// A DICOM object, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The kind of result.
    pub what: What,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Series Instance UID.
    pub series_instance_uid: String,
    set: DataSet,
}

impl Object {
    /// Completes what an object of this kind says of itself by patient, study, series, device and numbers. `film` is the
    /// one that it shows; none for one of the whole study.
    pub(super) fn of(
        what: What,
        result: &StudyResult,
        film: Option<&Source>,
        mut set: DataSet,
    ) -> Result<Self, ResultsError> {
        let first = &result.films.first().ok_or(ResultsError::NoFilm)?.source;
        if result.films.iter().any(|film| !film.source.is_with(first)) {
            return Err(ResultsError::SeveralStudies);
        }
        let (source, station) = (film.unwrap_or(first), short_text(&result.station));
        let header = source.header();
        let whose = [&header.study_instance_uid, &header.patient_id, &header.patient_name, &station];
        let whose = whose.map(String::as_str);
        let films = result.films.iter().map(FilmResult::by_number);
        let (digest, version) = (digest(films), result.version.to_string());
        let shown = film.map_or("", |film| &film.header().sop_instance_uid);
        let before = result.predecessor.as_ref().map_or("", |before| &before.sop_instance_uid);
        let object = Self {
            what,
            sop_instance_uid: uid(&[&whose[..], &[what.word(), &version, before, &digest, shown]].concat()),
            // A series is made by one device, and that by one program.
            series_instance_uid: uid(&[&whose[..], &["series", what.word(), crate::VERSION]].concat()),
            set: DataSet::default(),
        };
        object.number(&mut set);
        let serial = if station.is_empty() { PROGRAM } else { &station };
        set.text(tags::MANUFACTURER, PROGRAM)
            .text(tags::MANUFACTURER_MODEL_NAME, PROGRAM)
            .text(tags::DEVICE_SERIAL_NUMBER, serial)
            .text(tags::SOFTWARE_VERSIONS, crate::VERSION);
        if !station.is_empty() {
            set.text(tags::STATION_NAME, &station);
        }
        let (date, time) =
            (result.at.strftime("%Y%m%d").to_string(), result.at.strftime("%H%M%S").to_string());
        for (date_tag, time_tag) in [
            (tags::CONTENT_DATE, tags::CONTENT_TIME),
            (tags::INSTANCE_CREATION_DATE, tags::INSTANCE_CREATION_TIME),
        ] {
            set.text(date_tag, &date).text(time_tag, &time);
        }
        source.describe(&mut set, what);
        Ok(Self { set, ..object })
    }

    fn number(&self, set: &mut DataSet) {
        let (number, description) = self.what.series();
        set.text(tags::SOP_CLASS_UID, self.what.sop_class_uid())
            .text(tags::SOP_INSTANCE_UID, &self.sop_instance_uid)
            .text(tags::SERIES_INSTANCE_UID, &self.series_instance_uid)
            .text(tags::SERIES_NUMBER, number)
            .text(tags::SERIES_DESCRIPTION, description)
            .text(tags::MODALITY, self.what.modality());
    }

    /// Its SOP Class UID.
    #[must_use]
    pub fn sop_class_uid(&self) -> &'static str {
        self.what.sop_class_uid()
    }

    /// The numbers that its successor needs.
    #[must_use]
    pub fn sent(&self) -> Sent {
        Sent {
            sop_instance_uid: self.sop_instance_uid.clone(),
            series_instance_uid: self.series_instance_uid.clone(),
        }
    }

    /// Its data set, as it goes over the network.
    #[must_use]
    pub fn data_set(&self, syntax: Syntax) -> Vec<u8> {
        self.set.encode(syntax)
    }

    /// The object as a DICOM file (PS3.10), in explicit VR.
    #[must_use]
    pub fn file(&self) -> Vec<u8> {
        let syntax = Syntax::Explicit;
        let mut meta = DataSet::default();
        meta.bytes(tags::FILE_META_INFORMATION_VERSION, vec![0, 1])
            .text(tags::MEDIA_STORAGE_SOP_CLASS_UID, self.sop_class_uid())
            .text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID, &self.sop_instance_uid)
            .text(tags::TRANSFER_SYNTAX_UID, syntax.uid())
            .text(tags::IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_CLASS)
            .text(tags::IMPLEMENTATION_VERSION_NAME, IMPLEMENTATION_NAME);
        let meta = meta.encode(syntax);
        let mut length = DataSet::default();
        let group_length: Tag = tags::FILE_META_INFORMATION_GROUP_LENGTH;
        length.bytes(group_length, u32::try_from(meta.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec());
        [&[0; 128][..], b"DICM", &length.encode(syntax), &meta, &self.data_set(syntax)].concat()
    }
}
