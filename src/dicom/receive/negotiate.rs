//! The agreement at the start of an association (PS3.8 section 7.1.1, PS3.7 annex D.3).

use std::collections::BTreeMap;

use dicom_dictionary_std::uids;
use dicom_ul::pdu::{
    AssociationAC, AssociationRQ, PresentationContextProposed, PresentationContextResult,
    PresentationContextResultReason as Reason, RequestorRoles, UserVariableItem,
};

use super::Options;
use crate::dicom::{
    printable,
    wire::{IMPLEMENTATION_CLASS, IMPLEMENTATION_NAME, MAX_PDU},
};

/// The transfer syntaxes of films that can be read. Of those that a sender proposes, its first is taken.
///
/// JPEG Extended (1.2.840.10008.1.2.4.51) is not among them, for its films have 12 bits mostly, which are not read: a
/// sender whose proposal is refused sends another.
#[allow(deprecated)] // big endian is retired, and still sent
pub const TRANSFER_SYNTAXES: [&str; 15] = [
    uids::IMPLICIT_VR_LITTLE_ENDIAN,
    uids::EXPLICIT_VR_LITTLE_ENDIAN,
    uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    uids::EXPLICIT_VR_BIG_ENDIAN,
    uids::JPEG_BASELINE8_BIT,
    uids::JPEG_LOSSLESS,
    uids::JPEG_LOSSLESS_SV1,
    uids::JPEGLS_LOSSLESS,
    uids::JPEGLS_NEAR_LOSSLESS,
    uids::JPEG2000_LOSSLESS,
    uids::JPEG2000,
    uids::HTJ2K_LOSSLESS,
    uids::HTJ2K_LOSSLESS_RPCL,
    uids::HTJ2K,
    uids::RLE_LOSSLESS,
];

/// Syntaxes that Verification may be spoken in.
#[allow(deprecated)] // as above
const PLAIN_SYNTAXES: [&str; 3] =
    [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_BIG_ENDIAN];

/// Words for the SOP classes that can be taken, with their UIDs.
const CLASSES: [(&str, &[&str]); 4] = [
    ("cr", &[uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE]),
    (
        "dx",
        &[
            uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
            uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
        ],
    ),
    ("sc", &[uids::SECONDARY_CAPTURE_IMAGE_STORAGE]),
    ("rf", &[uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE]),
];

/// Returns the UIDs of a word for SOP classes (`cr`, `dx`, `sc`, `rf`), or of a UID itself.
#[must_use]
pub fn classes_of(word: &str) -> Option<Vec<String>> {
    let known = CLASSES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    let is_uid = word.starts_with("1.") && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match known {
        Some((_, uids)) => Some(uids.iter().map(|uid| (*uid).to_owned()).collect()),
        None => is_uid.then(|| vec![word.to_owned()]),
    }
}

/// An accepted presentation context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) class: String,
    pub(super) syntax: String,
}

/// The outcome of a negotiation.
#[derive(Debug)]
pub(super) struct Agreement {
    pub(super) contexts: BTreeMap<u8, Context>,
    /// The longest PDU that the peer takes; 0: of any length.
    pub(super) max_pdu: u32,
    pub(super) answer: AssociationAC,
    /// Why films cannot come by this association, a sentence; none where they can.
    pub(super) refused: Option<String>,
}

/// Agrees with a request.
pub(super) fn agree(asked: &AssociationRQ, options: &Options) -> Agreement {
    let mut contexts = BTreeMap::new();
    let mut results: BTreeMap<u8, PresentationContextResult> = BTreeMap::new();
    for proposed in &asked.presentation_contexts {
        if results.contains_key(&proposed.id) {
            continue;
        }
        let class = trimmed(&proposed.abstract_syntax);
        let (reason, syntax) = match choose(proposed, options) {
            Ok(syntax) => {
                contexts.insert(proposed.id, Context { class: class.to_owned(), syntax: syntax.to_owned() });
                (Reason::Acceptance, syntax)
            }
            Err(reason) => (reason, uids::IMPLICIT_VR_LITTLE_ENDIAN),
        };
        let result =
            PresentationContextResult { id: proposed.id, reason, transfer_syntax: syntax.to_owned() };
        results.insert(proposed.id, result);
    }
    let refused = refused(asked, &results);
    let answer = AssociationAC {
        protocol_version: 1,
        application_context_name: uids::DICOM_APPLICATION_CONTEXT.to_owned(),
        // The request's own bytes take their place.
        called_ae_title: String::new(),
        calling_ae_title: String::new(),
        presentation_contexts: results.into_values().collect(),
        user_variables: variables(asked, options),
    };
    Agreement { contexts, max_pdu: max_pdu(asked), answer, refused }
}

/// Returns the transfer syntax that a context gets, or why it is refused.
fn choose<'a>(proposed: &'a PresentationContextProposed, options: &Options) -> Result<&'a str, Reason> {
    let class = trimmed(&proposed.abstract_syntax);
    let known: &[&str] = match class {
        // A context's number is odd.
        _ if proposed.id.is_multiple_of(2) => return Err(Reason::NoReason),
        uids::VERIFICATION => &PLAIN_SYNTAXES,
        _ if options.classes.iter().any(|taken| taken == class) => &TRANSFER_SYNTAXES,
        _ => return Err(Reason::AbstractSyntaxNotSupported),
    };
    let mut offered = proposed.transfer_syntaxes.iter().map(|syntax| trimmed(syntax));
    offered.find(|syntax| known.contains(syntax)).ok_or(Reason::TransferSyntaxesNotSupported)
}

/// Our side of the user information: a length, who we are, and the roles that the peer asked for. Extended negotiation of
/// a class is left unanswered, which means that its defaults hold, and so is a user's identity.
fn variables(asked: &AssociationRQ, options: &Options) -> Vec<UserVariableItem> {
    let mut variables = vec![
        UserVariableItem::MaxLength(MAX_PDU),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS.to_owned()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_NAME.to_owned()),
    ];
    for variable in &asked.user_variables {
        let UserVariableItem::ScuScpRoleSelectionSubItem(class, roles) = variable else { continue };
        let is_taken = options.classes.iter().any(|taken| taken == trimmed(class));
        if is_taken || trimmed(class) == uids::VERIFICATION {
            // The peer sends and never receives.
            let roles = RequestorRoles { scu: roles.scu, scp: false };
            variables.push(UserVariableItem::ScuScpRoleSelectionSubItem(class.clone(), roles));
        }
    }
    variables
}

fn max_pdu(asked: &AssociationRQ) -> u32 {
    let said = asked.user_variables.iter().find_map(|variable| match variable {
        UserVariableItem::MaxLength(length) => Some(*length),
        _ => None,
    });
    said.unwrap_or(0)
}

/// Says what keeps films out: that no class was accepted, or of an accepted class no syntax.
fn refused(asked: &AssociationRQ, results: &BTreeMap<u8, PresentationContextResult>) -> Option<String> {
    let mut best: BTreeMap<&str, &Reason> = BTreeMap::new();
    for proposed in &asked.presentation_contexts {
        let Some(result) = results.get(&proposed.id) else { continue };
        let best = best.entry(trimmed(&proposed.abstract_syntax)).or_insert(&result.reason);
        if result.reason == Reason::Acceptance || result.reason == Reason::TransferSyntaxesNotSupported {
            *best = if **best == Reason::Acceptance { best } else { &result.reason };
        }
    }
    let of = |wanted: &Reason| {
        best.iter()
            .filter(|(_, reason)| **reason == wanted)
            .map(|(class, _)| class_name(class))
            .collect::<Vec<_>>()
    };
    let (classes, syntaxes) =
        (of(&Reason::AbstractSyntaxNotSupported), of(&Reason::TransferSyntaxesNotSupported));
    let mut said = Vec::new();
    // A PACS offers all classes that it knows, and sends films in those that are accepted.
    let takes_any =
        best.iter().any(|(class, reason)| **reason == Reason::Acceptance && *class != uids::VERIFICATION);
    if !classes.is_empty() && !takes_any {
        said.push(format!("it offers {}, which [receive] classes does not name", few(&classes)));
    }
    if !syntaxes.is_empty() {
        said.push(format!(
            "it offers {} in compressions only that are not read: let it send JPEG Lossless or uncompressed too",
            few(&syntaxes)
        ));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// The first of many names.
fn few(names: &[String]) -> String {
    const MOST: usize = 3;
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}

/// Classes that other modalities offer, as people call them.
const OTHER_CLASSES: [(&str, &str); 6] = [
    ("CT", uids::CT_IMAGE_STORAGE),
    ("MR", uids::MR_IMAGE_STORAGE),
    ("US", uids::ULTRASOUND_IMAGE_STORAGE),
    ("PR", uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE),
    ("SR", uids::BASIC_TEXT_SR_STORAGE),
    ("MG", uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION),
];

fn class_name(uid: &str) -> String {
    let ours = CLASSES.iter().find(|(_, uids)| uids.contains(&uid)).map(|(word, _)| word.to_uppercase());
    let other = OTHER_CLASSES.iter().find(|(_, other)| *other == uid).map(|(word, _)| (*word).to_owned());
    ours.or(other).unwrap_or_else(|| printable(uid, 64))
}

/// A UID without the padding that some senders give it.
fn trimmed(uid: &str) -> &str {
    uid.trim_matches(['\0', ' '])
}
