//! Films that come, come again, break off, or cannot be kept.

use std::{fs, io::Write};

use super::sender::{Bench, CR, Sender, echo_command, options, request, store_command, values};
use crate::{
    dicom::{
        receive::{EventKind, Options, PASSING_FOLDER, Receiver, folder::Folder},
        wire::{Command, code},
    },
    files::Space,
};

/// Bytes that stand for a data set: the receiver does not read them.
fn data(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

/// The bytes behind a file's meta information.
fn data_set(file: &[u8]) -> &[u8] {
    assert_eq!(&file[128..132], b"DICM");
    assert_eq!(&file[132..140], [2, 0, 0, 0, b'U', b'L', 4, 0]);
    let length = u32::from_le_bytes(file[140..144].try_into().unwrap()) as usize;
    &file[144 + length..]
}

#[test]
fn a_film_lies_in_the_inbox_byte_for_byte_once_its_sender_is_told_so() {
    let bench = Bench::new(|_| {});
    // However the bytes are cut: by one, by PDUs of any size, or all in one PDU that is longer than what we asked for.
    for (seed, length, most) in [(1, 2, 1), (2, 5_001, 7), (3, 300_000, 16_378), (4, 3_000_000, usize::MAX)] {
        let mut sender = bench.associate();
        sender.send(&values(1, &store_command(CR, "1.2.3"), true, 11));
        sender.send(&values(1, &data(seed, length), false, most));
        assert_eq!(sender.status(), Some(code::SUCCESS));
        let is_there = bench.films().values().any(|film| data_set(film) == data(seed, length));
        assert!(is_there, "{length} bytes by {most}");
        assert!(sender.release());
        assert_eq!(bench.end(), None);
    }
    assert_eq!((bench.films().len(), bench.unfinished()), (4, 0));
}

#[test]
fn several_values_may_share_a_pdu() {
    let bench = Bench::new(|_| {});
    let mut sender = bench.associate();
    let (command, data) = (values(1, &store_command(CR, "1.2"), true, usize::MAX), data(9, 5_000));
    let mut body = command[6..].to_vec();
    for pdu in values(1, &data, false, 1_000).chunks(1_012) {
        body.extend(&pdu[6..]);
    }
    let mut pdu = vec![4, 0];
    pdu.extend((body.len() as u32).to_be_bytes());
    pdu.extend(body);
    sender.send(&pdu);
    assert_eq!(sender.status(), Some(code::SUCCESS));
    assert_eq!(data_set(bench.films().values().next().unwrap()), data);
}

#[test]
fn the_file_says_what_it_holds_and_its_name_comes_from_no_peer() {
    let bench = Bench::new(|_| {});
    let mut sender = bench.associate();
    // A Transfer Syntax, a class and a number that are a path would be one.
    assert_eq!(sender.store("../../etc/passwd", &data(1, 100)), code::INVALID_INSTANCE);
    assert_eq!(sender.store("1.2.840.99", &data(1, 100)), code::SUCCESS);
    let films = bench.films();
    let (name, film) = films.iter().next().unwrap();
    assert!(films.len() == 1 && name.starts_with("received-") && name.ends_with(".dcm"), "{name}");
    let has = |text: &str| film.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(has(CR) && has("1.2.840.99") && has("1.2.840.10008.1.2.1\0"));
}

#[test]
fn a_film_that_comes_again_is_a_success_and_one_file() {
    let bench = Bench::new(|_| {});
    let again = |bench: &Bench| {
        bench.wait(|kind| if let EventKind::Stored { again, .. } = kind { Some(*again) } else { None })
    };
    for expected in [false, true, true] {
        let mut sender = bench.associate();
        assert_eq!(sender.store("1.2.3", &data(5, 9_999)), code::SUCCESS);
        assert_eq!(again(&bench), expected);
    }
    let mut sender = bench.associate();
    assert_eq!(sender.store("1.2.3", &data(6, 9_999)), code::SUCCESS, "the same number with other content");
    assert_eq!((again(&bench), bench.films().len()), (false, 2));
}

#[test]
fn a_film_that_breaks_off_leaves_nothing() {
    let bench = Bench::new(|_| {});
    type Break = fn(Sender);
    let ways: [(&str, Break, &str); 4] = [
        ("the connection goes", Sender::vanish, "the connection was closed"),
        (
            "an abort",
            |mut sender| sender.send(&[7, 0, 0, 0, 0, 4, 0, 0, 0, 0]),
            "the other side aborted it (by its user or program)",
        ),
        (
            "a release in the middle",
            |mut sender| sender.send(&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0]),
            "a message broke off for a release",
        ),
        (
            "another command in the middle",
            |mut sender| sender.send(&values(1, &echo_command(), true, usize::MAX)),
            "a message broke off for another",
        ),
    ];
    for (way, end, says) in ways {
        let mut sender = bench.associate();
        sender.send(&values(1, &store_command(CR, "1.2.3"), true, usize::MAX));
        let film = values(1, &data(7, 500_000), false, 16_000);
        sender.send(&film[..film.len() / 16_012 * 16_012]);
        end(sender);
        assert_eq!(bench.end().as_deref(), Some(says), "{way}");
        assert_eq!((bench.films().len(), bench.unfinished()), (0, 0), "{way}");
    }
}

#[test]
fn a_film_that_cannot_be_kept_is_refused_with_a_status_and_the_association_goes_on() {
    let low = Bench::new(|options| options.min_free = Some(Space::Bytes(u64::MAX)));
    let small = Bench::new(|options| options.max_film = 1_000);
    for (bench, length, expected, says) in [
        (&low, 5_000, code::OUT_OF_RESOURCES, "the disk of the inbox has less than"),
        (&small, 5_000, code::CANNOT_UNDERSTAND, "the film is longer than"),
        (&small, 0, code::CANNOT_UNDERSTAND, "the data set is empty"),
    ] {
        let mut sender = bench.associate();
        sender.send(&values(1, &store_command(CR, "1.2.3"), true, usize::MAX));
        let nothing = [4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 2];
        let film = values(1, &data(1, length), false, 900);
        sender.send(if length == 0 { &nothing } else { &film });
        assert_eq!(sender.status(), Some(expected), "{says}");
        let reason = bench.wait(|kind| match kind {
            EventKind::NotStored { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        assert!(reason.contains(says), "{reason}");
        sender.send(&values(1, &echo_command(), true, usize::MAX));
        assert_eq!(sender.status(), Some(code::SUCCESS), "it is still there");
        assert_eq!((bench.films().len(), bench.unfinished()), (0, 0));
    }
}

#[test]
fn an_inbox_that_goes_and_comes_back_empty_takes_films_again() {
    let bench = Bench::new(|_| {});
    let mut sender = bench.associate();
    let (inbox, away) = (bench.inbox(), bench.inbox().with_extension("away"));
    fs::rename(&inbox, &away).unwrap();
    assert_eq!(sender.store("1.2.3", &data(1, 5_000)), code::OUT_OF_RESOURCES);
    fs::create_dir(&inbox).unwrap();
    assert_eq!(sender.store("1.2.3", &data(1, 5_000)), code::SUCCESS);
    assert_eq!((bench.films().len(), bench.unfinished()), (1, 0));
    fs::remove_dir_all(&away).unwrap();
}

#[test]
fn a_port_that_is_taken_is_had_once_it_is_free() {
    let bench = Bench::new(|_| {});
    let taken = bench.receiver.listen().unwrap();
    let other = Receiver::new(Options { listen: taken, inbox: bench.inbox(), ..options() }, |_| {}).unwrap();
    let error = other.listen().unwrap_err();
    assert!(error.may_pass() && error.to_string().contains("another program"), "{error}");
    drop(bench);
    assert_eq!(other.listen().unwrap(), taken);
}

#[test]
fn what_a_dead_receiver_left_is_removed_and_what_a_living_one_writes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let passing = folder.path().join(PASSING_FOLDER);
    fs::create_dir(&passing).unwrap();
    fs::write(passing.join("1-0.part"), "half a film").unwrap();
    let mut lives = fs::File::create(passing.join("2-0.part")).unwrap();
    lives.lock().unwrap();
    lives.write_all(b"half another").unwrap();
    Folder::open(folder.path(), None, options().max_film).unwrap();
    let left: Vec<_> = fs::read_dir(&passing).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["2-0.part"]);
}

#[test]
fn a_receiver_that_stops_breaks_off_and_keeps_what_it_has_answered() {
    let bench = Bench::new(|_| {});
    let mut stored = bench.associate();
    assert_eq!(stored.store("1.2.3", &data(1, 5_000)), code::SUCCESS);
    let mut half =
        Sender::associate(bench.connect(), &request("CR-2", &[(1, CR, &["1.2.840.10008.1.2"])])).unwrap();
    half.send(&values(1, &store_command(CR, "1.2.4"), true, usize::MAX));
    half.send(&values(1, &data(2, 9_000), false, 1_000)[..5_000]);
    bench.receiver.stop();
    assert!(bench.end().is_some() && bench.end().is_some(), "both associations are told of");
    assert_eq!((bench.films().len(), bench.unfinished()), (1, 0));
}

#[test]
fn commands_are_read_however_they_are_written_and_answered_by_their_number() {
    let whole = store_command(CR, "1.2.3");
    let read = Command::read(&whole).unwrap();
    assert_eq!((read.field, read.message, read.has_data), (1, 7, true));
    assert_eq!((read.class.as_str(), read.instance.as_str()), (CR, "1.2.3"));
    for cut in 1..whole.len() {
        // A command that is cut short between two elements may still be whole enough; no cut may do harm.
        let _ = Command::read(&whole[..cut]);
    }
    let claims = [&whole[..], &[0, 0, 0, 16, 0xff, 0xff, 0xff, 0xff]].concat();
    assert_eq!(Command::read(&claims), Err("a command's element is longer than the command"));
    assert_eq!(Command::read(&[]), Err("a command is not complete"));
    let other_group = [&[8, 0, 5, 0, 0, 0, 0, 0], &whole[..]].concat();
    assert_eq!(Command::read(&other_group), Err("a command has an element of another group"));
}
