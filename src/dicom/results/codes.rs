//! Codes: those of the standard, SNOMED CT's for labels where they hold, and a few of our own. `docs/network.md` lists
//! them.

use std::borrow::Cow;

use dicom_dictionary_std::tags;

use super::set::DataSet;
use crate::{hash::sha256, study::Severity, text::clean};

/// The designator of our own codes (PS3.16 8.2: `99` and a name).
pub(super) const OURS: &str = "99CXRT";
/// The most characters of a Code Meaning, and of any other value of the same representation (LO).
const MEANING: usize = 64;

/// A code: value, scheme, meaning (PS3.3 table 8.8-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) value: Cow<'static, str>,
    pub(super) scheme: &'static str,
    pub(super) meaning: Cow<'static, str>,
}

impl Code {
    pub(super) const fn new(value: &'static str, scheme: &'static str, meaning: &'static str) -> Self {
        Self { value: Cow::Borrowed(value), scheme, meaning: Cow::Borrowed(meaning) }
    }

    /// A code of the standard itself (PS3.16 annex D).
    pub(super) const fn dcm(value: &'static str, meaning: &'static str) -> Self {
        Self::new(value, "DCM", meaning)
    }

    /// A code of SNOMED CT.
    pub(super) const fn sct(value: &'static str, meaning: &'static str) -> Self {
        Self::new(value, "SCT", meaning)
    }

    pub(super) fn to_set(&self) -> DataSet {
        let mut set = DataSet::default();
        set.text(tags::CODE_VALUE, &self.value)
            .text(tags::CODING_SCHEME_DESIGNATOR, self.scheme)
            .text(tags::CODE_MEANING, &self.meaning);
        set
    }
}

/// The item that says whose the codes of our own are.
pub(super) fn scheme() -> DataSet {
    let mut set = DataSet::default();
    set.text(tags::CODING_SCHEME_DESIGNATOR, OURS)
        .text(tags::CODING_SCHEME_NAME, "Codes of cxr-triage")
        .text(tags::CODING_SCHEME_RESPONSIBLE_ORGANIZATION, "cxr-triage");
    set
}

pub(super) const LUNG: Code = Code::sct("39607008", "Lung");
pub(super) const SITE: Code = Code::sct("363698007", "Finding Site");
pub(super) const CHEST_FILM: Code = Code::sct("399208008", "Plain chest X-ray");
pub(super) const BAND: Code = Code::new("triage-band", OURS, "Triage band");

/// The code of a band. What is not critical or urgent is no finding: it must not be read as one.
pub(super) const fn band(severity: Severity) -> Code {
    match severity {
        Severity::Critical => Code::new("critical", OURS, "Critical"),
        Severity::Urgent => Code::new("urgent", OURS, "Urgent"),
        Severity::Routine => Code::new("routine", OURS, "Routine: no label reached its threshold"),
        Severity::Held => Code::new("not-assessed", OURS, "Not assessed"),
    }
}

/// Labels by their letters and digits, in lower case, with their codes and, where the code is of a shape wherever it lies,
/// the lung as their site.
const LABELS: [(&str, Code, bool); 20] = [
    ("atelectasis", Code::sct("46621007", "Atelectasis"), false),
    ("cardiomegaly", Code::sct("8186001", "Cardiomegaly"), false),
    ("consolidation", Code::sct("95436008", "Lung consolidation"), false),
    ("edema", Code::sct("19242006", "Pulmonary edema"), false),
    ("effusion", Code::sct("60046008", "Pleural effusion"), false),
    ("emphysema", Code::sct("87433001", "Pulmonary emphysema"), false),
    ("enlargedcardiomediastinum", Code::new("enl-cardiomed", OURS, "Enlarged cardiomediastinum"), false),
    ("fibrosis", Code::sct("51615001", "Fibrosis of lung"), false),
    ("fracture", Code::sct("125605004", "Fracture of bone"), false),
    ("hernia", Code::sct("84089009", "Hiatal hernia"), false),
    ("infiltration", Code::dcm("112121", "Infiltrate"), true),
    ("lunglesion", Code::new("lung-lesion", OURS, "Lung lesion"), false),
    ("lungopacity", Code::dcm("112001", "Opacity"), true),
    ("mass", Code::sct("4147007", "Mass"), true),
    ("nodule", Code::sct("27925004", "Nodule"), true),
    ("pleuraleffusion", Code::sct("60046008", "Pleural effusion"), false),
    ("pleuralthickening", Code::new("pleural-thick", OURS, "Pleural thickening"), false),
    ("pneumonia", Code::sct("233604007", "Pneumonia"), false),
    ("pneumothorax", Code::sct("36118008", "Pneumothorax"), false),
    ("pulmonaryedema", Code::sct("19242006", "Pulmonary edema"), false),
];

/// The code of a label, and its site where that is not in the code. A label that no scheme is known to have gets a code of
/// our own, the same wherever it occurs.
pub(super) fn label(name: &str) -> (Code, Option<Code>) {
    let key: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if let Some((_, code, is_of_lung)) = LABELS.iter().find(|(known, ..)| *known == key) {
        return (code.clone(), is_of_lung.then_some(LUNG));
    }
    let value = format!("label-{}", &sha256(name)[..10]);
    (Code { value: value.into(), scheme: OURS, meaning: long_text(name).into() }, None)
}

/// Text as an element of 64 characters may have it (LO): harmless, on one line, without what parts values.
pub(super) fn long_text(text: &str) -> String {
    clean(text).replace('\\', "/").chars().take(MEANING).collect()
}

/// Text of 16 characters at most (SH).
pub(super) fn short_text(text: &str) -> String {
    long_text(text).chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verhoeff's check digit (1969), which every SNOMED CT identifier ends with.
    fn has_check_digit(number: &str) -> bool {
        const AFTER: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
        // The group of symmetries of a pentagon.
        let times = |a: u8, b: u8| match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + b - 5) % 5 + 5,
            (false, true) => (a + 5 - b) % 5 + 5,
            (false, false) => (a + 5 - b) % 5,
        };
        let digits = number.bytes().rev().map(|byte| byte - b'0').enumerate();
        let permuted =
            digits.map(|(place, digit)| (0..place % 8).fold(digit, |digit, _| AFTER[usize::from(digit)]));
        permuted.fold(0, times) == 0
    }

    #[test]
    fn codes_of_snomed_have_their_check_digit_and_wrong_ones_that_are_about_have_not() {
        let labels = LABELS.into_iter().map(|(_, code, _)| code);
        for code in labels.chain([LUNG, SITE, CHEST_FILM]) {
            assert!(code.scheme != "SCT" || has_check_digit(&code.value), "{code:?}");
        }
        for wrong in ["95436003", "60567007", "129614006", "78381009"] {
            assert!(!has_check_digit(wrong), "{wrong}");
        }
    }

    #[test]
    fn each_label_of_the_models_that_are_known_has_a_code_of_its_own() {
        for (name, value, scheme, site) in [
            ("Pneumothorax", "36118008", "SCT", None),
            ("Pleural_Thickening", "pleural-thick", OURS, None),
            ("Lung Opacity", "112001", "DCM", Some(LUNG)),
            ("Nodule", "27925004", "SCT", Some(LUNG)),
        ] {
            let (code, found) = label(name);
            assert_eq!((&*code.value, code.scheme, found), (value, scheme, site), "{name}");
        }
        let starter = include_str!("../../../weights/starter/model.toml");
        for text in crate::model::PRESETS.iter().map(|(_, text)| *text).chain([starter]) {
            let names = text.lines().skip_while(|line| *line != "[[labels]]");
            for name in names.filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')) {
                assert!(!label(name).0.value.starts_with("label-"), "{name} has no code");
            }
        }
    }

    #[test]
    fn a_label_that_nobody_knows_has_a_code_that_an_archive_takes() {
        let (code, _) = label(
            "Tracheal\\Deviation \u{1b}[2J of which the name is longer than any archive would let it be",
        );
        assert!(code.value.len() <= 16, "{}", code.value);
        assert!(
            code.meaning.chars().count() <= 64 && !code.meaning.contains(['\\', '\u{1b}']),
            "{}",
            code.meaning
        );
        assert_ne!(code.value, label("Tracheal").0.value);
    }
}
