//! Which two images are one exposure. A digital detector may send what it measured (FOR PROCESSING) beside what is
//! read (FOR PRESENTATION): two objects, one shot (Presentation Intent Type, PS3.3 C.8.11.1.1.1).

use super::Header;

impl Header {
    /// Returns whether this is the image for processing of the exposure that `other` presents.
    ///
    /// Both name the same study and opposite intents. Where the one for presentation says what it was made from
    /// (Source Image Sequence, PS3.3 C.7.6.1.1.4), that alone counts: it is this image and no other. Where it says
    /// nothing, both must have been taken at the same second or fraction (acquisition, or content where one of
    /// them has no acquisition time) by the same detector (or station, where one of them names no detector), of the
    /// same body part, view and side, all of which must be filled in: an exposure counted twice is a nuisance, one
    /// that is hidden a danger.
    #[must_use]
    pub fn is_raw_of(&self, other: &Self) -> bool {
        let intents = self.has_intent("FOR PROCESSING") && other.has_intent("FOR PRESENTATION");
        let study = both(&self.study_instance_uid, &other.study_instance_uid);
        if !intents || study != Some(true) {
            return false;
        }
        match other.source_images.as_slice() {
            [] => self.is_taken_with(other),
            [source] => *source == self.sop_instance_uid,
            // Made from several exposures, as a stitched film is.
            _ => false,
        }
    }

    /// Whether both are images for processing that bear one SOP Instance UID, so that it does not say which of them is
    /// meant.
    #[must_use]
    pub fn is_namesake_of(&self, other: &Self) -> bool {
        let raw = |header: &Self| header.has_intent("FOR PROCESSING");
        raw(self) && raw(other) && both(&self.sop_instance_uid, &other.sop_instance_uid) == Some(true)
    }

    fn has_intent(&self, intent: &str) -> bool {
        self.presentation_intent_type.eq_ignore_ascii_case(intent)
    }

    fn is_taken_with(&self, other: &Self) -> bool {
        let of = |field: fn(&Self) -> &str| both(field(self), field(other));
        let at = of(|header| &header.acquired_at).or_else(|| of(|header| &header.content_at));
        let by = of(|header| &header.detector_id).or_else(|| of(|header| &header.station_name));
        let part = of(|header| &header.body_part_examined);
        let view = of(|header| &header.view_position);
        let side = of(|header| &header.laterality);
        [at, by, part, view, side].iter().all(|same| *same == Some(true))
    }
}

/// Returns whether two values are the same; nothing where one of them is empty.
fn both(one: &str, other: &str) -> Option<bool> {
    (!one.is_empty() && !other.is_empty()).then(|| one == other)
}

#[cfg(test)]
mod tests {
    use super::Header;

    fn image(intent: &str, uid: &str) -> Header {
        let text = str::to_owned;
        Header {
            study_instance_uid: text("1.2"),
            sop_instance_uid: text(uid),
            presentation_intent_type: text(intent),
            acquired_at: text("20240131081502.125"),
            content_at: text("20240131081503"),
            detector_id: text("D1"),
            station_name: text("ROOM 2"),
            body_part_examined: text("CHEST"),
            view_position: text("PA"),
            laterality: text("U"),
            ..Header::default()
        }
    }

    #[test]
    fn one_exposure_is_told_from_two() {
        type Change = fn(&mut Header, &mut Header);
        let cases: [(&str, Change, bool); 18] = [
            ("taken together", |_, _| {}, true),
            (
                "named as the source",
                |raw, shown| {
                    shown.source_images = vec![raw.sop_instance_uid.clone()];
                    raw.acquired_at.clear();
                },
                true,
            ),
            ("another source is named", |_, shown| shown.source_images = vec!["1.9".into()], false),
            (
                "stitched",
                |raw, shown| {
                    shown.source_images = vec![raw.sop_instance_uid.clone(), "1.9".into()];
                },
                false,
            ),
            (
                "named, of another study",
                |raw, shown| {
                    shown.source_images = vec![raw.sop_instance_uid.clone()];
                    shown.study_instance_uid = "1.3".into();
                },
                false,
            ),
            (
                "of no study",
                |raw, shown| {
                    raw.study_instance_uid.clear();
                    shown.study_instance_uid.clear();
                },
                false,
            ),
            (
                "the one for presentation told no time of acquisition",
                |_, shown| {
                    shown.acquired_at.clear();
                    shown.content_at = "20240131081503".into();
                },
                true,
            ),
            ("content later, acquired together", |_, shown| shown.content_at.clear(), true),
            ("taken a moment later", |_, shown| shown.acquired_at = "20240131081502.5".into(), false),
            (
                "no times",
                |raw, shown| {
                    raw.acquired_at.clear();
                    shown.content_at.clear();
                },
                false,
            ),
            ("another detector", |_, shown| shown.detector_id = "D2".into(), false),
            ("no detector, the same station", |raw, _| raw.detector_id.clear(), true),
            (
                "neither",
                |raw, shown| {
                    raw.detector_id.clear();
                    shown.station_name.clear();
                },
                false,
            ),
            ("another view", |_, shown| shown.view_position = "LL".into(), false),
            (
                "no view",
                |raw, shown| {
                    raw.view_position.clear();
                    shown.view_position.clear();
                },
                false,
            ),
            ("no side", |_, shown| shown.laterality.clear(), false),
            (
                "both for presentation",
                |raw, _| raw.presentation_intent_type = "FOR PRESENTATION".into(),
                false,
            ),
            ("no intent", |raw, _| raw.presentation_intent_type.clear(), false),
        ];
        for (name, change, expected) in cases {
            let (mut raw, mut shown) = (image("FOR PROCESSING", "1.2.1"), image("FOR PRESENTATION", "1.2.2"));
            change(&mut raw, &mut shown);
            assert_eq!(raw.is_raw_of(&shown), expected, "{name}");
            assert!(!shown.is_raw_of(&raw), "{name}: the one for presentation is never hidden");
        }
    }
}
