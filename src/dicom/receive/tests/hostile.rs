//! Connections that send anything but DICOM as it should be; a modality is served meanwhile.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use proptest::prelude::*;

use super::sender::{Bench, CR, command, echo_command, store_command, values};
use crate::dicom::{receive::EventKind, wire::code};

/// Returns whether a modality can still do its work.
fn is_served(bench: &Bench) -> bool {
    let mut sender = bench.associate();
    let film = vec![7; 40_000];
    sender.store("1.2.3", &film) == code::SUCCESS && sender.release()
}

#[test]
fn what_speaks_no_dicom_is_told_of_in_words_and_shown_the_door() {
    let bench = Bench::new(|options| options.times.greeting = Duration::from_millis(300));
    for (bytes, says) in [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], "HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "it speaks TLS"),
        (b"\x00\x00\x00\x54\xffSMB", "it does not speak DICOM"),
        // A request that claims 4 GB, one that claims more than there is, one of rubbish.
        (b"\x01\x00\xff\xff\xff\xff\x00\x01\x00\x00", "longer than 1 MiB"),
        (b"\x01\x00\x00\x0f\xff\xff\x00\x01\x00\x00", "it asked for no association in time"),
        (b"\x01\x00\x00\x00\x00\x04\x00\x01\x00\x00", "cannot be read"),
        // Data, a release, an abort before any association.
        (b"\x04\x00\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", "something else than an association request"),
        (b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00", "something else than an association request"),
        (b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00", "something else than an association request"),
        (b"\x01\x00", "it asked for no association in time"),
        (b"", "it asked for no association in time"),
    ] {
        let mut socket = bench.connect();
        socket.write_all(bytes).unwrap();
        let said = bench.wait(|kind| match kind {
            EventKind::Stray { reason } => Some(reason.clone()),
            _ => None,
        });
        assert!(said.contains(says), "{bytes:02x?}: {said}");
    }
    assert!(is_served(&bench));
}

#[test]
fn what_breaks_the_protocol_within_an_association_ends_it_and_leaves_nothing() {
    let bench = Bench::new(|_| {});
    let store = values(1, &store_command(CR, "1.2.3"), true, usize::MAX);
    let store_then = |bytes: &[u8]| [&store, bytes].concat();
    let long = command(&[(0x0100, &[1, 0]), (0x0110, &[1, 0]), (0x1000, &[b'1'; 70_000])]);
    for (bytes, says) in [
        // A value that is longer than its PDU; one of 4 GB in a PDU of 4 GB, which then does not come.
        (b"\x04\x00\x00\x00\x00\x06\xff\xff\xff\xff\x01\x03".to_vec(), "does not fit"),
        (b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x01\x01\x03".to_vec(), "does not fit"),
        (b"\x04\x00\x00\x00\x00\x03\x00\x00\x00".to_vec(), "ends within the header"),
        (b"\x04\x00\xff\xff\xff\xff\xff\xff\xff\xfb\x01\x03".to_vec(), "longer than any command"),
        (values(1, &long, true, 16_000), "longer than any command"),
        (values(1, &[0xff; 40], true, 40), "another group"),
        (values(3, &echo_command(), true, 100), "not accepted"),
        (values(1, b"data first", false, 100), "without a command"),
        (store_then(&values(3, b"data of another context", false, 100)), "broke off for another"),
        (b"\x01\x00\x00\x00\x00\x04\x00\x00\x00\x00".to_vec(), "no place in an association"),
        (b"\x99\x00\x00\x00\x00\x04\x00\x00\x00\x00".to_vec(), "unknown type"),
        (b"\x05\x00\xff\xff\xff\xff\x00\x00\x00\x00".to_vec(), "wrong length"),
    ] {
        let mut sender = bench.associate();
        sender.send(&bytes);
        let said = bench.end().expect("it breaks off");
        assert!(said.contains(says), "{says}: {said}");
        assert_eq!((bench.films().len(), bench.unfinished()), (0, 0), "{says}");
    }
    assert!(is_served(&bench));
}

#[test]
fn a_film_that_claims_four_gigabytes_and_trickles_is_broken_off() {
    let bench = Bench::new(|options| {
        options.times.message = Duration::from_millis(200);
        options.times.idle = Duration::from_millis(200);
    });
    let mut sender = bench.associate();
    sender.send(&values(1, &store_command(CR, "1.2.3"), true, usize::MAX));
    sender.send(b"\x04\x00\xff\xff\xff\xff\xff\xff\xff\xfb\x01\x02");
    // A byte now and then keeps the silence short, but the message has to end.
    while sender.socket.write_all(&[0; 16]).is_ok() {
        std::thread::yield_now();
    }
    assert!(bench.end().is_some());
    assert_eq!((bench.films().len(), bench.unfinished()), (0, 0));
}

#[test]
fn hundreds_of_silent_connections_keep_no_modality_out() {
    let bench = Bench::new(|_| {});
    let mut silent: Vec<TcpStream> = Vec::new();
    for number in 0..400 {
        silent.push(bench.connect());
        if number % 100 == 99 {
            assert!(is_served(&bench), "with {number} silent connections");
        }
    }
    // Those that had to give way were closed.
    let mut byte = [0];
    assert_eq!(silent[0].read(&mut byte).unwrap_or(0), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_bring_the_receiver_down(
        before in prop::collection::vec(any::<u8>(), 0..200),
        kind in 0_u8..9,
        length in prop::option::of(any::<u32>()),
        body in prop::collection::vec(any::<u8>(), 0..2_000),
        is_associated in any::<bool>(),
    ) {
        let bench = Bench::new(|_| {});
        let mut pdu = vec![kind, 0];
        pdu.extend(length.unwrap_or(body.len() as u32).to_be_bytes());
        pdu.extend(&body);
        if is_associated {
            let mut sender = bench.associate();
            sender.send(&pdu);
            sender.send(&before);
            drop(sender);
            bench.end();
        } else {
            let mut socket = bench.connect();
            let _ = socket.write_all(&before);
            let _ = socket.write_all(&pdu);
        }
        prop_assert!(is_served(&bench));
        prop_assert_eq!(bench.unfinished(), 0);
    }
}
