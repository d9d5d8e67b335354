use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::{
    dashboard::worklist::tests::row,
    store::{Mark, Marks, OutsidePriority, Status, StudyRow},
    study::{Attributes, Severity},
};

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(10)
}

/// Jane Doe with an effusion, forty minutes ago.
fn jane() -> StudyRow {
    StudyRow {
        patient_name: "DOE^JANE".into(),
        patient_id: "P0017".into(),
        accession_number: "ACC-9".into(),
        description: "CHEST AP portable".into(),
        view: "AP".into(),
        file_name: "film_17.dcm".into(),
        top: Some("Pleural_Thickening".into()),
        first_arrival: now() - SignedDuration::from_mins(40),
        model: "starter".into(),
        attributes: Attributes {
            patient_age: "045Y".into(),
            patient_sex: "F".into(),
            station_name: "MOBIL3".into(),
        },
        marks: Marks {
            tags: vec![Mark { plugin: "ward".into(), text: "Ward W3".into() }],
            filters: vec![Mark { plugin: "ward".into(), text: "Portable on ICU".into() }],
            ..Marks::default()
        },
        ..row(17, Severity::Urgent, 0.64)
    }
}

fn passes(filter: &str, study: StudyRow) -> bool {
    Filter::parse(filter)
        .unwrap_or_else(|error| panic!("`{filter}`: {error}"))
        .matches(&Row::from(study), now())
}

#[test]
fn a_filter_says_what_it_means() {
    for (filter, expected) in [
        ("", true),
        ("doe", true),
        ("\"doe jane\"", true),
        ("doe, jane", true),
        ("Doe smith", false),
        ("pleural", true),
        ("pleural_thick", true),
        ("effusion", false),
        ("-effusion", true),
        ("p0017", true),
        ("film_17.dcm", true),
        ("score>0.6", true),
        ("score>=0.64", true),
        ("score>64%", false),
        ("score<0.6", false),
        ("score=0.64", true),
        ("waiting>30m", true),
        ("waiting>1h", false),
        ("waits<=40m", true),
        ("wait>0h30", true),
        ("waiting<1d", true),
        ("status:new", true),
        ("STATUS:New", true),
        ("status:seen,new", true),
        ("status:open", true),
        ("status:done", false),
        ("-status:done", true),
        ("band:urgent", true),
        ("severity:critical", false),
        ("view:ap", true),
        ("view:a", false),
        ("view=AP", true),
        ("finding:\"pleural thickening\"", true),
        ("finding:mass,pleural", true),
        ("patient:jane", true),
        ("patient:p0017", false),
        ("id:0017", true),
        ("description:\"ap port\"", true),
        ("age:045", true),
        ("sex:f", true),
        ("sex:m,o", false),
        ("-station:mobil", false),
        ("mobil3", false),
        ("films=1", true),
        ("held>0", false),
        ("notes=0", true),
        ("tag:ward", true),
        ("-tag:ward", false),
        ("tag:icu,ward", true),
        ("tag:icu", false),
        ("w3", true),
        ("plugin:\"portable on icu\"", true),
        ("-plugin:\"portable on icu\"", false),
        ("plugin:portable", false),
        ("tag:\"icu, ward\"", false),
        ("tag:\"icu, ward\",w3", true),
        ("plugin:other,\"Portable on ICU\"", true),
        ("is:unacknowledged", false),
        ("is:promoted", false),
        ("-is:promoted", true),
        ("effusion score>0.6 waiting>30m status:new view:AP", false),
        ("pleural score>0.6 waiting>30m status:new view:AP", true),
    ] {
        assert_eq!(passes(filter, jane()), expected, "{filter}");
    }
    let raised = OutsidePriority { floor: Severity::Urgent, source: "STAT".into() };
    let raised = StudyRow { outside: Some(raised), score: None, status: Status::Done, ..jane() };
    for (filter, expected) in [
        ("is:raised", true),
        ("stat", true),
        ("score<1", false),
        ("-score>0", true),
        ("status:open", false),
        ("status:done", true),
    ] {
        assert_eq!(passes(filter, raised.clone()), expected, "{filter}");
    }
}

#[test]
fn a_mistake_is_pointed_at() {
    for (filter, wrong, message) in [
        ("doe scor>0.6", "scor", "did you mean `score`?"),
        ("xyzzyq:1", "xyzzyq", "in quotes"),
        ("score>", "", "a number is missing"),
        ("score>0.x6", "x", "write a number"),
        ("score:0.6", ":", "numbers are compared: score>0.6"),
        ("waiting>30", "", "30 what? write 30m or 30h"),
        ("waiting>30y", "y", "write a time"),
        ("waiting>", "", "a time is missing"),
        ("waiting:30m", ":", "waiting>30m"),
        ("status:nwe", "nwe", "none of open, new, seen"),
        ("status:new,", "", "a word is missing: open, new"),
        ("status>new", ">", "with a colon: status:…"),
        ("band:worst", "worst", "none of critical, urgent"),
        ("is:big", "big", "none of unacknowledged"),
        ("patient:", "", "a word is missing"),
        ("\"doe", "", "the closing \" is missing"),
    ] {
        let error = Filter::parse(filter).expect_err(filter);
        assert_eq!(&filter[error.at.clone()], wrong, "{filter}: {error:?}");
        assert!(error.message.contains(message), "{filter}: {}", error.message);
    }
}

#[test]
fn what_may_follow_is_offered() {
    let values = |field: &str| match field {
        "finding" => vec!["Effusion".to_owned(), "Lung Lesion".to_owned()],
        "view" => vec!["AP".to_owned(), "PA".to_owned()],
        "station" => vec!["MOBIL3".to_owned()],
        _ => Vec::new(),
    };
    for (typed, expected) in [
        ("sta", vec!["status:", "station:"]),
        ("station:m", vec!["MOBIL3"]),
        ("s", vec!["status:", "score>", "sex:", "station:", "Effusion", "\"Lung Lesion\""]),
        ("score>0.6 vi", vec!["view:"]),
        ("view:", vec!["AP", "PA"]),
        ("view:p", vec!["PA"]),
        ("status:new,c", vec!["claimed"]),
        ("lesi", vec!["\"Lung Lesion\""]),
        ("patient:", vec![]),
        ("score>", vec![]),
        ("-ban", vec!["band:"]),
    ] {
        let offers: Vec<String> =
            complete(typed, typed.len(), 9, values).into_iter().map(|offer| offer.text).collect();
        assert_eq!(offers, expected, "{typed}");
    }
    let offer = complete("doe vi:x", 6, 9, values).remove(0);
    assert_eq!((offer.at, offer.text.as_str()), (4..6, "view:"));
}

#[test]
fn a_wish_about_the_status_overrules_the_views() {
    let view = Filter::parse("status:open band:urgent").unwrap();
    let both = |typed: &str| view.and(&Filter::parse(typed).unwrap());
    assert_eq!(both("doe"), Filter::parse("status:open band:urgent doe").unwrap());
    assert_eq!(both("status:done"), Filter::parse("band:urgent status:done").unwrap());
}

/// Filters that are right, a term each.
const TERMS: [&str; 12] = [
    "doe",
    "jan",
    "jane",
    "-smith",
    "score>0.5",
    "score<=0.7",
    "waiting>10m",
    "status:new",
    "-status:done,seen",
    "band:urgent,critical",
    "view:AP",
    "\"ral thi\"",
];

proptest! {
    #[test]
    fn no_text_brings_the_parser_down_and_mistakes_lie_in_it(text in "[\\PC\"<>=:, -]{0,24}", cursor in 0_usize..30) {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!(text.get(error.at).is_some());
            prop_assert!(!error.message.is_empty());
        }
        for offer in complete(&text, cursor, 20, |_| vec!["Lung Lesion".to_owned()]) {
            prop_assert!(text.get(offer.at).is_some());
        }
    }

    /// Two filters side by side let through what each of them does.
    #[test]
    fn terms_are_joined_by_and(
        a in proptest::collection::vec(0..TERMS.len(), 0..4),
        b in proptest::collection::vec(0..TERMS.len(), 0..4),
        score in 0_u8..10, minutes in 0_i64..90, done in any::<bool>(),
    ) {
        let study = StudyRow {
            score: Some(f64::from(score) / 10.0),
            first_arrival: now() - SignedDuration::from_mins(minutes),
            status: if done { Status::Done } else { Status::New },
            ..jane()
        };
        let text = |terms: &[usize]| terms.iter().map(|at| TERMS[*at]).collect::<Vec<_>>().join(" ");
        let (a, b) = (text(&a), text(&b));
        let both = format!("{a} {b}");
        prop_assert_eq!(passes(&both, study.clone()), passes(&a, study.clone()) && passes(&b, study.clone()));
        // What narrows never lets through what the wider one does not.
        let (narrow, wide) = (Filter::parse(&both).unwrap(), Filter::parse(&b).unwrap());
        prop_assert!(narrow.narrows(&wide));
        let row = Row::from(study);
        for (narrow, wide) in [(&narrow, &wide), (&wide, &narrow)] {
            prop_assert!(!narrow.narrows(wide) || !narrow.matches(&row, now()) || wide.matches(&row, now()));
        }
    }
}
