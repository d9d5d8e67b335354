use super::*;

/// Patient ID, name and birth date.
type Said = (&'static str, &'static str, &'static str);

fn patient((id, name, birth_date): Said) -> Patient {
    Patient::new(id, name, birth_date)
}

#[test]
fn two_people_are_told_apart_and_nobody_is_split() {
    let cases: [(&str, Said, Said, bool); 27] = [
        ("two IDs", ("P1", "", ""), ("P2", "", ""), true),
        ("two IDs, else alike", ("P1", "DOE^JANE", "19700101"), ("P2", "DOE^JANE", "19700101"), true),
        ("padding", ("P1 ", "", ""), (" P1\0", "", ""), false),
        ("one ID, else nothing alike", ("P1", "DOE^JANE", "19700101"), ("P1", "ROE^JOHN", "19500505"), false),
        ("IDs are told apart by capitals too", ("p1", "", ""), ("P1", "", ""), true),
        ("no ID, name and date differ", ("", "DOE^JANE", "19700101"), ("P2", "ROE^JOHN", "19500505"), true),
        ("no ID at all, both differ", ("", "DOE^JANE", "19700101"), ("", "ROE^JOHN", "19500505"), true),
        ("no ID, only the name differs", ("", "DOE^JANE", "19700101"), ("P2", "ROE^JOHN", "19700101"), false),
        ("no ID, only the date differs", ("", "DOE^JANE", "19700101"), ("P2", "DOE^JANE", "19500505"), false),
        ("no ID, no date on one side", ("", "DOE^JANE", ""), ("P2", "ROE^JOHN", "19500505"), false),
        ("no ID, no name on one side", ("", "", "19700101"), ("P2", "ROE^JOHN", "19500505"), false),
        ("nothing known", ("", "", ""), ("P2", "ROE^JOHN", "19500505"), false),
        ("nothing but blanks", ("  ", "^^^^", "        "), ("P2", "ROE^JOHN", "19500505"), false),
        ("capitals", ("", "Doe^Jane", "19700101"), ("", "DOE^JANE", "19500505"), false),
        ("empty components", ("", "DOE^JANE^^^", "19700101"), ("", "DOE^JANE", "19500505"), false),
        ("spaces in components", ("", " DOE ^ JANE ", "19700101"), ("", "DOE^JANE", "19500505"), false),
        ("a comma", ("", "Doe, Jane", "19700101"), ("", "DOE^JANE", "19500505"), false),
        ("a prefix", ("", "DOE^JANE^^MRS", "19700101"), ("", "DOE^JANE", "19500505"), false),
        ("father and son", ("", "DOE^JO^^^SR", "19500505"), ("", "DOE^JO^^^JR", "19700101"), true),
        ("accents", ("", "ÉTIENNE^ÅSA", "19700101"), ("", "étienne^åsa", "19500505"), false),
        ("one form more", ("", "YAMADA^TARO=山田^太郎", "19700101"), ("", "YAMADA^TARO", "19500505"), false),
        (
            "one form agrees",
            ("", "YAMADA^TARO=山田^太郎", "19700101"),
            ("", "YAMADA^T=山田^太郎", "19500505"),
            false,
        ),
        ("no form in common", ("", "YAMADA^TARO", "19700101"), ("", "=山田^太郎", "19500505"), false),
        (
            "no form agrees",
            ("", "YAMADA^TARO=山田^太郎", "19700101"),
            ("", "SATO^KEN=佐藤^健", "19500505"),
            true,
        ),
        ("the date as of old", ("", "DOE^JANE", "1970.01.01"), ("", "ROE^JOHN", "19700101"), false),
        ("a date that is none", ("", "DOE^JANE", "00000000"), ("", "ROE^JOHN", "19500505"), false),
        ("half a date", ("", "DOE^JANE", "1970"), ("", "ROE^JOHN", "19500505"), false),
    ];
    for (what, one, other, differ) in cases {
        let (one, other) = (patient(one), patient(other));
        assert_eq!(one.differs_from(&other), differ, "{what}");
        assert_eq!(other.differs_from(&one), differ, "{what}, the other way round");
        assert!(!one.differs_from(&one), "{what}: nobody differs from themselves");
    }
}

#[test]
fn a_film_finds_its_patients_row() {
    let jane = ("P1", "DOE^JANE", "19700101");
    let john = ("P2", "ROE^JOHN", "19500505");
    let nameless = ("", "", "");
    let cases: [(&str, Said, &[Said], Option<usize>); 10] = [
        ("the first", jane, &[], None),
        ("her own", jane, &[jane, john], Some(0)),
        ("his own", john, &[jane, john], Some(1)),
        ("a third", ("P3", "", ""), &[jane, john], None),
        ("without ID, by name", ("", "ROE^JOHN", ""), &[jane, john], Some(1)),
        ("without ID, by date", ("", "", "19500505"), &[jane, john], Some(1)),
        ("without anything, the first", nameless, &[jane, john], Some(0)),
        ("the ID before a row without one", john, &[nameless, john], Some(1)),
        ("a row without ID before one of their own", jane, &[nameless, john], Some(0)),
        ("without ID and unlike both", ("", "POE^EDA", "19800101"), &[jane, john], None),
    ];
    for (what, film, rows, row) in cases {
        let rows: Vec<Patient> = rows.iter().map(|row| patient(*row)).collect();
        assert_eq!(row_of(&patient(film), &rows), row, "{what}");
    }
}

#[test]
fn a_row_knows_its_patient_by_all_its_films() {
    let mut row = patient(("", "DOE^JANE", ""));
    row.learn(&patient(("P1", "DOE^J", "19700101")));
    assert_eq!(row, patient(("P1", "DOE^JANE", "19700101")));
    assert_eq!(row_of(&patient(("P2", "DOE^JANE", "")), &[row]), None);
}

#[test]
fn keys_number_the_rows_of_a_study() {
    assert_eq!([1, 2, 12].map(|number| row_key("1.2.3", number)), ["1.2.3", "1.2.3#2", "1.2.3#12"]);
    for (key, uid) in [
        ("1.2.3", "1.2.3"),
        ("1.2.3#2", "1.2.3"),
        ("folder:/in/room #2", "folder:/in/room #2"),
        ("sha256:00ff", "sha256:00ff"),
    ] {
        assert_eq!(study_uid(key), uid);
    }
}

/// A film that decoded: SOP Instance UID, study, Patient ID, pixels.
fn film(number: &str, study: &str, id: &str, pixels: &str) -> Claim {
    Claim {
        sop_instance_uid: number.to_owned(),
        study_instance_uid: study.to_owned(),
        patient: Patient::new(id, "", ""),
        decoded: true,
        pixels: pixels.to_owned(),
    }
}

fn broken(number: &str, study: &str, id: &str) -> Claim {
    Claim { decoded: false, ..film(number, study, id, "") }
}

#[test]
fn a_film_counts_once_and_another_one_is_never_taken_for_it() {
    let known = film("1.9", "1.2", "P1", "a");
    // What came, whether it is the known film once more, what tells it apart.
    let cases: [(&str, Claim, bool, &str); 12] = [
        ("another transfer syntax", film("1.9", "1.2", "P1", "a"), true, ""),
        ("no ID this time", film("1.9", "1.2", "", "a"), true, ""),
        ("another picture", film("1.9", "1.2", "P1", "b"), false, "another picture"),
        ("another study", film("1.9", "1.3", "P1", "a"), false, "another study"),
        ("no study this time", film("1.9", "", "P1", "a"), false, "another study"),
        ("another patient", film("1.9", "1.2", "P2", "a"), false, "another patient"),
        (
            "nothing alike",
            film("1.9", "1.3", "P2", "b"),
            false,
            "another patient, another study, another picture",
        ),
        ("another number", film("1.8", "1.2", "P1", "a"), false, ""),
        ("damaged on the way", broken("1.9", "1.2", "P1"), true, ""),
        ("damaged, of another patient", broken("1.9", "1.2", "P2"), false, "another patient"),
        ("damaged, of another study", broken("1.9", "1.3", "P1"), false, "another study"),
        ("pixels not known, as in a store of old", film("1.9", "1.2", "P1", ""), true, ""),
    ];
    for (what, came, repeats, told_apart_by) in cases {
        assert_eq!(came.repeats(&known), repeats, "{what}");
        assert_eq!(came.difference(&known).in_words(), told_apart_by, "{what}");
        assert!(!came.repeats(&broken("1.9", "1.2", "P1")), "{what}: a broken film claims nothing");
    }
    assert!(!film("", "1.2", "P1", "a").repeats(&film("", "1.2", "P1", "a")), "no number, no claim");
}

#[test]
fn a_broken_film_gives_way_to_its_own_whole_one_alone() {
    let lost = broken("1.9", "1.2", "P1");
    for (what, came, replaces) in [
        ("whole", film("1.9", "1.2", "P1", "a"), true),
        ("whole, no ID this time", film("1.9", "1.2", "", "a"), true),
        ("of another patient", film("1.9", "1.2", "P2", "a"), false),
        ("of another study", film("1.9", "1.3", "P1", "a"), false),
        ("of another number", film("1.8", "1.2", "P1", "a"), false),
        ("broken again", broken("1.9", "1.2", "P1"), false),
    ] {
        assert_eq!(came.replaces(&lost), replaces, "{what}");
    }
}

#[test]
fn a_warning_says_which_other_and_hides_it_where_names_are_hidden() {
    let one = film("1.9", "1.2", "P1", "a");
    let clash = |other: &Claim| Clash::Film {
        file_name: "roe.dcm".to_owned(),
        study: "1.2#2".to_owned(),
        difference: one.difference(other),
    };
    let other = clash(&film("1.9", "1.2", "P2", "b"));
    let correction = clash(&film("1.9", "1.2", "P2", "a"));
    let study = Clash::Study { key: "1.2#2".to_owned() };
    for (clash, words) in [
        (
            &other,
            "roe.dcm of the study 1.2#2 bears the same SOP Instance UID and is not this one (another patient",
        ),
        (&correction, "probably a correction"),
        (&study, "The study 1.2#2 of another patient bears the same Study Instance UID"),
    ] {
        assert!(clash.sentence(true).contains(words), "{}", clash.sentence(true));
        let hidden = clash.sentence(false);
        assert!(!hidden.contains("roe") && !hidden.contains("1.2"), "{hidden}");
    }
}
