//! Associations that are let in, and what is agreed upon.

use std::time::Duration;

use dicom_dictionary_std::uids;
use dicom_ul::pdu::{
    AssociationRJ, AssociationRJResult as Rejected, AssociationRJServiceProviderASCEReason as Acse,
    AssociationRJServiceProviderPresentationReason as Presentation, AssociationRJServiceUserReason as User,
    AssociationRJSource as Source, AssociationRQ, Pdu, PresentationContextResultReason as Reason,
    RequestorRoles, UserIdentity, UserIdentityType, UserVariableItem,
};

use super::sender::{Bench, CR, Sender, echo_command, request, values};
use crate::dicom::receive::{EventKind, Limits, Network, Peers, TRANSFER_SYNTAXES, classes_of};

const IMPLICIT: &str = uids::IMPLICIT_VR_LITTLE_ENDIAN;
const EXPLICIT: &str = uids::EXPLICIT_VR_LITTLE_ENDIAN;

#[test]
fn the_senders_first_readable_syntax_is_taken_and_what_cannot_be_read_is_refused() {
    let bench = Bench::new(|_| {});
    let dx = uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    let cases: [(u8, &str, &[&str], Reason, &str); 11] = [
        (1, CR, &[uids::JPEG2000_LOSSLESS, EXPLICIT], Reason::Acceptance, uids::JPEG2000_LOSSLESS),
        (3, CR, &[EXPLICIT, uids::JPEG2000_LOSSLESS], Reason::Acceptance, EXPLICIT),
        // 12-bit lossy JPEG, video, and what nobody knows.
        (
            5,
            CR,
            &[uids::JPEG_EXTENDED12_BIT, uids::JPEG_LOSSLESS_SV1],
            Reason::Acceptance,
            uids::JPEG_LOSSLESS_SV1,
        ),
        (7, CR, &[uids::JPEG_EXTENDED12_BIT], Reason::TransferSyntaxesNotSupported, IMPLICIT),
        (9, CR, &["1.2.840.10008.1.2.4.102", "1.2.3"], Reason::TransferSyntaxesNotSupported, IMPLICIT),
        (11, CR, &[], Reason::TransferSyntaxesNotSupported, IMPLICIT),
        (13, dx, &["1.2.840.10008.1.2.1\0"], Reason::Acceptance, EXPLICIT),
        (15, uids::CT_IMAGE_STORAGE, &[EXPLICIT], Reason::AbstractSyntaxNotSupported, IMPLICIT),
        (
            17,
            uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
            &[EXPLICIT],
            Reason::AbstractSyntaxNotSupported,
            IMPLICIT,
        ),
        (19, uids::VERIFICATION, &[uids::RLE_LOSSLESS, IMPLICIT], Reason::Acceptance, IMPLICIT),
        (20, CR, &[EXPLICIT], Reason::NoReason, IMPLICIT),
    ];
    let proposals: Vec<_> = cases.iter().map(|(id, class, syntaxes, ..)| (*id, *class, *syntaxes)).collect();
    let sender = Sender::associate(bench.connect(), &request("CR-1", &proposals)).unwrap();
    for (id, _, _, reason, syntax) in cases {
        let result = sender.contexts.iter().find(|result| result.id == id).unwrap();
        assert_eq!((&result.reason, result.transfer_syntax.as_str()), (&reason, syntax), "context {id}");
    }
    assert_eq!(sender.contexts.len(), 11);
}

#[test]
fn a_sender_whose_films_cannot_come_is_told_of_and_one_that_offers_more_than_it_needs_is_not() {
    let bench = Bench::new(|_| {});
    let (ct, sc) = (uids::CT_IMAGE_STORAGE, uids::SECONDARY_CAPTURE_IMAGE_STORAGE);
    for (proposals, says) in [
        (&[(1, ct, &[EXPLICIT][..]), (3, sc, &[EXPLICIT]), (5, CR, &[EXPLICIT])][..], None),
        (&[(1, uids::VERIFICATION, &[IMPLICIT])], None),
        (
            &[(1, ct, &[EXPLICIT]), (3, sc, &[EXPLICIT])],
            Some("CR-1: it offers CT, SC, which [receive] classes does not name"),
        ),
        (
            &[(1, CR, &[uids::JPEG_EXTENDED12_BIT])],
            Some(
                "CR-1: it offers CR in compressions only that are not read: let it send JPEG Lossless or uncompressed \
                 too",
            ),
        ),
    ] {
        assert!(Sender::associate(bench.connect(), &request("CR-1", proposals)).unwrap().release());
        let said = bench.wait(|kind| match kind {
            EventKind::Limited { reason } => Some(Some(reason.clone())),
            EventKind::Ended { .. } => Some(None),
            _ => None,
        });
        assert_eq!(said.as_deref(), says);
        if said.is_some() {
            bench.end();
        }
    }
}

#[test]
fn many_contexts_with_all_syntaxes_and_every_kind_of_negotiation_are_answered() {
    let bench = Bench::new(|options| options.classes = classes_of("dx").unwrap());
    let dx = uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    let proposals: Vec<_> = (0..128_u8).map(|n| (n * 2 + 1, dx, &TRANSFER_SYNTAXES[..])).collect();
    let identity =
        UserIdentity::new(true, UserIdentityType::UsernamePassword, b"user".into(), b"password".into());
    let both = RequestorRoles { scu: true, scp: true };
    let asked = AssociationRQ {
        user_variables: vec![
            // The smallest that there can be: answers come in pieces.
            UserVariableItem::MaxLength(64),
            UserVariableItem::SopClassExtendedNegotiationSubItem(dx.to_owned(), vec![2, 0, 3, 1, 0, 0]),
            UserVariableItem::ScuScpRoleSelectionSubItem(dx.to_owned(), both),
            UserVariableItem::UserIdentityItem(identity),
            UserVariableItem::Unknown(0x53, vec![0, 10, 0, 10]),
        ],
        ..request("A  MODALITY_/\u{e9}!", &proposals)
    };
    let mut sender = Sender::associate(bench.connect(), &asked).unwrap();
    assert_eq!(sender.contexts.iter().filter(|result| result.reason == Reason::Acceptance).count(), 128);
    let role =
        UserVariableItem::ScuScpRoleSelectionSubItem(dx.to_owned(), RequestorRoles { scu: true, scp: false });
    assert!(sender.variables.contains(&role), "it sends, and does not receive");
    sender.send(&values(255, &echo_command(), true, usize::MAX));
    let pieces = (0..2).map(|_| super::sender::read(&mut sender.socket));
    let first = pieces.into_iter().flatten().next();
    assert!(matches!(first, Some(Pdu::PData { data }) if !data[0].is_last));
}

#[test]
fn who_may_not_come_in_is_told_so_and_people_are_told_what_to_do() {
    let mut peers = Peers::default();
    peers.add("CR-1", vec![Network::Any]);
    peers.add("FAR", vec![Network::parse("192.0.2.0/24").unwrap()]);
    let bench = Bench::new(|options| options.peers = peers);
    let contexts: &[_] = &[(1, CR, &[EXPLICIT][..])];
    let asked = |calling: &str| request(calling, contexts);
    let user = |reason| (Rejected::Permanent, Source::ServiceUser(reason));
    for (asked, expected, says) in [
        (
            asked("CT-2"),
            user(User::CallingAETitleNotRecognized),
            "CT-2 is not on the list: add it to [receive.peers]",
        ),
        (
            asked("FAR"),
            user(User::CallingAETitleNotRecognized),
            "FAR may not send from 127.0.0.1: add the address to it in [receive.peers]",
        ),
        (
            AssociationRQ { called_ae_title: "STORESCP".to_owned(), ..asked("CR-1") },
            user(User::CalledAETitleNotRecognized),
            "CR-1 calls STORESCP, but the AE title here is CXRTRIAGE: set it at the sender, or [receive] aet",
        ),
        (
            AssociationRQ { application_context_name: "1.2.3".to_owned(), ..asked("CR-1") },
            user(User::ApplicationContextNameNotSupported),
            "CR-1 asks for another application than DICOM",
        ),
        (
            AssociationRQ { protocol_version: 2, ..asked("CR-1") },
            (Rejected::Permanent, Source::ServiceProviderASCE(Acse::ProtocolVersionNotSupported)),
            "CR-1 speaks another version of the protocol",
        ),
    ] {
        let answer = Sender::associate(bench.connect(), &asked).err().unwrap();
        let (result, source) = expected;
        assert_eq!(answer, Some(Pdu::AssociationRJ(AssociationRJ { result, source })), "{says}");
        let said = bench.wait(|kind| match kind {
            EventKind::Refused { reason } => Some(reason.clone()),
            _ => None,
        });
        assert_eq!(said, says);
    }
    assert!(Sender::associate(bench.connect(), &asked("CR-1")).unwrap().release());
    // Who is added to the list is let in from then on.
    bench.receiver.change(Peers::default(), None);
    assert!(Sender::associate(bench.connect(), &asked("CT-2")).unwrap().release());
}

#[test]
fn one_association_too_many_is_asked_to_wait_and_let_in_when_another_has_ended() {
    let bench = Bench::new(|options| options.limits = Limits { associations: 3, per_address: 2 });
    let first = bench.associate();
    let _second = bench.associate();
    let asked = request("CR-3", &[(1, CR, &[EXPLICIT])]);
    let refused = Sender::associate(bench.connect(), &asked).err().unwrap();
    let source = Source::ServiceProviderPresentation(Presentation::LocalLimitExceeded);
    assert_eq!(refused, Some(Pdu::AssociationRJ(AssociationRJ { result: Rejected::Transient, source })));
    assert!(first.release());
    // Its place is free when its thread has ended, a moment after its event.
    let mut tries = 0;
    while Sender::associate(bench.connect(), &asked).is_err() {
        tries += 1;
        assert!(tries < 1_000, "the place is never free");
    }
}

#[test]
fn an_association_in_which_nothing_happens_is_broken_off() {
    let bench = Bench::new(|options| options.times.idle = Duration::from_millis(50));
    let mut sender = bench.associate();
    assert!(matches!(super::sender::read(&mut sender.socket), Some(Pdu::AbortRQ { .. })));
    assert_eq!(bench.end().as_deref(), Some("nothing came in time"));
}
