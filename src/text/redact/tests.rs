use proptest::{prelude::*, sample::select};

use super::{HIDDEN, Secrets};

fn secrets(name: &str, number: &str) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add_name(name);
    secrets.add_number(number);
    secrets
}

#[test]
fn names_and_numbers_are_found_in_every_spelling() {
    // name, number, text, what is left of it
    for (name, number, text, left) in [
        ("DOE^JANE", "123-456", "CHEST PORTABLE", "CHEST PORTABLE"),
        ("DOE^JANE", "123-456", "Chest Doe, Jane ICU", "Chest ***, *** ICU"),
        ("DOE^JANE", "123-456", "PID 123-456/ICU", "PID ***-***/ICU"),
        ("DOE^JANE", "123-456", "pid123456 and 12.34.56, last 3456", "pid*** and ***.***.***, last ***"),
        ("DOE^JANE", "123-456", "ward 12, 14:30", "ward 12, 14:30"),
        ("DOE^JANE", "00042", "bed 42, room 142", "bed ***, room 142"),
        ("Smith-Jones^A", "", "MRS SMITH JONES / smith-jones / JonesSmith", "MRS *** *** / ***-*** / ***"),
        ("LI^NA", "", "LI NA LIMITED NASAL, LINA, li.na", "*** *** LIMITED NASAL, ***, ***.***"),
        ("O'Brien^Séan", "", "OBRIEN SEAN, O’BRIEN Seán", "*** ***, ***’*** ***"),
        ("Müller^Jörg", "", "MUELLER Joerg, MULLER JORG, Müller", "*** ***, *** ***, ***"),
        ("MUELLER", "", "müller MULLER Mueller", "*** *** ***"),
        (
            "Wang^XiaoDong=王^小东",
            "",
            "xiao dong, XIAODONG WANG, 王小东 胸部, 小东",
            "*** ***, *** ***, *** 胸部, ***",
        ),
        ("山田太郎", "", "山田様 胸部正面 やまだ", "***様 胸部正面 やまだ"),
        ("김철수", "", "김철수님 흉부, 철수", "***님 흉부, ***"),
        ("สมชาย^ใจดี", "", "เอกซเรย์สมชายปอด", "เอกซเรย์***ปอด"),
        ("ΠΑΠΑΔΌΠΟΥΛΟΣ^Γ", "", "Παπαδοπουλος", "***"),
        ("ИВАНОВ^ПЁТР", "", "Иванова Петр", "***а ***"),
        ("DOE", "١٢٣٤٥٦", "no 123456, １２３４５６", "no ***, ***"),
        ("ＤＯＥ^Ｊ", "", "DOE, doe2", "***, ***2"),
        ("", "", "UID 1.2.840.113619.2.55.3 of it", "UID ***.***.***.***.***.***.*** of it"),
        ("DOE^JANE", "77", "", ""),
    ] {
        assert_eq!(secrets(name, number).hide(text), left, "{name} {number}");
    }
}

#[test]
fn a_date_of_birth_is_found_in_every_usual_spelling() {
    let mut secrets = Secrets::default();
    secrets.add_date("19610203");
    for written in [
        "19610203",
        "1961-02-03",
        "1961/2/3",
        "03.02.1961",
        "3.2.1961",
        "3.2.61",
        "02/03/1961",
        "2/3/61",
        "610203",
        "030261",
        "020361",
        "3 Feb 1961",
        "03-FEB-1961",
        "Feb 3, 1961",
        "3rd of February 1961",
        "3. Februar 1961",
        "3 février 1961",
        "3 de febrero de 1961",
        "1961年2月3日",
        "1961년 2월 3일",
        "*3.2.1961",
        "３．２．１９６１",
        "1961",
        "19610203T0815",
    ] {
        let left = secrets.hide(&format!("CHEST, born {written} ICU"));
        assert!(left.starts_with("CHEST, born ") && left.ends_with(" ICU"), "{written}: {left}");
        let is_there = |part: &str| left.contains(part);
        assert!(!["61", "02", "03", "eb", "fé", "2", "６"].into_iter().any(is_there), "{written}: {left}");
    }
    for left in
        ["born 4.2.1962", "2 of 3 views", "room 326, 14:30", "3.2.62", "march 3", "CHEST 2 VIEWS 2026-03-02"]
    {
        assert_eq!(secrets.hide(left), left);
    }
    let mut broken = Secrets::default();
    broken.add_date("1961");
    assert_eq!(broken.hide("born 1961"), "born ***", "what is no whole date is a number");
}

/// Letters of several scripts; none that fold into something else.
const PARTS: [&str; 14] = [
    "Li",
    "Ng",
    "DOE",
    "Jane",
    "van",
    "Smith",
    "Ångström",
    "Núñez",
    "山田",
    "太郎",
    "王",
    "김",
    "สมชาย",
    "Петров",
];
const BETWEEN: [&str; 9] = ["^", " ", "-", ", ", "_", ".", "/", "", "^ "];
const AROUND: [&str; 6] = ["", "CHEST ", "12 ", "(", "\\", "胸: "];

fn in_case(text: &str, case: u8) -> String {
    match case {
        0 => text.to_lowercase(),
        1 => text.to_uppercase(),
        _ => text.to_owned(),
    }
}

proptest! {
    #[test]
    fn no_part_of_a_name_survives(
        parts in prop::collection::vec(select(&PARTS[..]), 1..4),
        between in prop::collection::vec(select(&BETWEEN[..]), 4),
        around in prop::collection::vec(select(&AROUND[..]), 2),
        case in 0..3u8,
    ) {
        let secrets = secrets(&parts.join("^"), "");
        let mut text = around[0].to_owned();
        for (part, separator) in parts.iter().zip(&between) {
            text += &in_case(part, case);
            text += separator;
        }
        text += " ";
        text += around[1];
        let left = secrets.hide(&text).to_lowercase();
        for part in &parts {
            prop_assert!(part.chars().count() < 2 || !left.contains(&part.to_lowercase()), "{part} in {left} of {text}");
        }
    }

    #[test]
    fn no_two_digits_of_a_number_survive(
        digits in "[1-9][0-9]{5,11}",
        cuts in prop::collection::vec(select(&["", "", "", " ", "-", ".", "/", "_", " - "][..]), 12),
        written in prop::collection::vec(select(&["", "", "-", "."][..]), 12),
        before in select(&["", "PID ", "#", "id", "CHEST "][..]),
    ) {
        let cut = |cuts: &[&str]| digits.chars().zip(cuts).map(|(digit, cut)| format!("{digit}{cut}")).collect::<String>();
        let secrets = secrets("", &cut(&written));
        let left = secrets.hide(&format!("{before}{} ICU", cut(&cuts)));
        prop_assert!(!left.chars().any(|c| c.is_ascii_digit()), "{digits}: {left}");
    }

    #[test]
    fn any_text_can_be_gone_through(name in "(?s).{0,12}", number in "(?s).{0,8}", text in "(?s).{0,60}") {
        let secrets = secrets(&name, &number);
        let once = secrets.hide(&text);
        prop_assert!(secrets != Secrets::default() || once == text || once.contains(HIDDEN));
    }

    #[test]
    fn random_names_do_not_survive_in_one_piece(
        name in "[A-Za-zÀ-ÖØ-öø-ÿ]{2,9}(\\^[A-Za-zа-я]{2,9})?(=[一-龥]{2,4})?",
        case in 0..3u8,
        before in select(&["", "of ", "x-", "("][..]),
    ) {
        let secrets = secrets(&name, "");
        let left = secrets.hide(&format!("{before}{} ", in_case(&name, case))).to_lowercase();
        for part in name.split(['^', '=']) {
            prop_assert!(!left.contains(&part.to_lowercase()), "{part} in {left}");
        }
    }
}
