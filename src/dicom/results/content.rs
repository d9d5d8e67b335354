//! The content of a structured report: a tree of items (PS3.3 C.17.3).

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use super::{Source, codes::Code, set::DataSet};

/// How an item belongs to the one above it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Relation {
    Contains,
    ConceptModifier,
    ObservationContext,
    InferredFrom,
}

impl Relation {
    fn word(self) -> &'static str {
        match self {
            Self::Contains => "CONTAINS",
            Self::ConceptModifier => "HAS CONCEPT MOD",
            Self::ObservationContext => "HAS OBS CONTEXT",
            Self::InferredFrom => "INFERRED FROM",
        }
    }
}

/// An item with those below it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    set: DataSet,
    below: Vec<DataSet>,
}

impl Item {
    fn new(value_type: &str, concept: Option<&Code>) -> Self {
        let mut set = DataSet::default();
        set.text(tags::VALUE_TYPE, value_type);
        if let Some(concept) = concept {
            set.items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![concept.to_set()]);
        }
        Self { set, below: Vec::new() }
    }

    fn with(mut self, put: impl FnOnce(&mut DataSet)) -> Self {
        put(&mut self.set);
        self
    }

    /// A container by a template of the standard, if it is one's root.
    pub(super) fn container(concept: &Code, template: Option<&str>) -> Self {
        Self::new("CONTAINER", Some(concept)).with(|set| {
            set.text(tags::CONTINUITY_OF_CONTENT, "SEPARATE");
            if let Some(template) = template {
                let mut named = DataSet::default();
                named.text(tags::MAPPING_RESOURCE, "DCMR").text(tags::TEMPLATE_IDENTIFIER, template);
                set.items(tags::CONTENT_TEMPLATE_SEQUENCE, vec![named]);
            }
        })
    }

    pub(super) fn text(concept: &Code, text: &str) -> Self {
        Self::new("TEXT", Some(concept)).with(|set| {
            set.text(tags::TEXT_VALUE, text);
        })
    }

    pub(super) fn code(concept: &Code, value: &Code) -> Self {
        Self::new("CODE", Some(concept)).with(|set| {
            set.items(tags::CONCEPT_CODE_SEQUENCE, vec![value.to_set()]);
        })
    }

    pub(super) fn uid(concept: &Code, uid: &str) -> Self {
        Self::new("UIDREF", Some(concept)).with(|set| {
            set.text(tags::UID, uid);
        })
    }

    /// A number, as text, in a unit.
    pub(super) fn number(concept: &Code, number: &str, unit: &Code) -> Self {
        let mut measured = DataSet::default();
        measured
            .text(tags::NUMERIC_VALUE, number)
            .items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![unit.to_set()]);
        Self::new("NUM", Some(concept)).with(|set| {
            set.items(tags::MEASURED_VALUE_SEQUENCE, vec![measured]);
        })
    }

    /// A film.
    pub(super) fn image(concept: Option<&Code>, film: &Source) -> Self {
        Self::new("IMAGE", concept).with(|set| {
            set.items(tags::REFERENCED_SOP_SEQUENCE, vec![frame(film)]);
        })
    }

    /// The item with another below it.
    pub(super) fn and(mut self, relation: Relation, item: Self) -> Self {
        let mut set = item.into_set();
        set.text(tags::RELATIONSHIP_TYPE, relation.word());
        self.below.push(set);
        self
    }

    /// The item with others below it.
    pub(super) fn and_all(self, relation: Relation, items: impl IntoIterator<Item = Self>) -> Self {
        items.into_iter().fold(self, |whole, item| whole.and(relation, item))
    }

    /// The item as a part of a data set.
    pub(super) fn into_set(mut self) -> DataSet {
        if !self.below.is_empty() {
            self.set.items(tags::CONTENT_SEQUENCE, self.below);
        }
        self.set
    }
}

/// An object by its class and number.
pub(super) fn reference(class: &str, instance: &str) -> DataSet {
    let mut set = DataSet::default();
    set.text(tags::REFERENCED_SOP_CLASS_UID, class).text(tags::REFERENCED_SOP_INSTANCE_UID, instance);
    set
}

/// Classes whose films have one frame, whatever a header says.
const ONE_FRAME: [&str; 4] = [
    uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
    uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
];

/// The frame of a film that was assessed: of several the first.
pub(super) fn frame(film: &Source) -> DataSet {
    let header = film.header();
    let mut set = reference(&header.sop_class_uid, &header.sop_instance_uid);
    if header.frames > 1 && !ONE_FRAME.contains(&header.sop_class_uid.as_str()) {
        set.text(tags::REFERENCED_FRAME_NUMBER, "1");
    }
    set
}

/// An item of a sequence that names objects by study and series, each with its series.
pub(super) fn by_series(study: &str, objects: &[(&str, DataSet)]) -> DataSet {
    let mut series: Vec<(&str, Vec<DataSet>)> = Vec::new();
    for (uid, object) in objects {
        match series.iter_mut().find(|(known, _)| known == uid) {
            Some((_, known)) if known.contains(object) => {}
            Some((_, known)) => known.push(object.clone()),
            None => series.push((uid, vec![object.clone()])),
        }
    }
    let one = |(uid, objects): (&str, Vec<DataSet>)| {
        let mut set = DataSet::default();
        set.text(tags::SERIES_INSTANCE_UID, uid).items(tags::REFERENCED_SOP_SEQUENCE, objects);
        set
    };
    let mut set = DataSet::default();
    let sequence: Tag = tags::REFERENCED_SERIES_SEQUENCE;
    set.text(tags::STUDY_INSTANCE_UID, study).items(sequence, series.into_iter().map(one).collect());
    set
}
