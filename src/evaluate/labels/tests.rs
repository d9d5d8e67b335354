use super::{
    Truth::{Absent, Present},
    *,
};

const MODEL: [&str; 4] = ["Effusion", "Pneumonia", "Pleural_Thickening", "Infiltration"];

fn read_text(text: &str) -> Result<LabelSet, LabelError> {
    read(text.as_bytes(), Some(&MODEL))
}

#[test]
fn a_column_a_finding() {
    let text = "\u{feff}Image,Pneumonia,effusion,PatientId,View,Split\r\na.png,1,0,7,PA,val\r\nb.png,,1.0,8,AP,train\r\n";
    let set = read_text(text).unwrap();
    assert_eq!(set.findings, ["Effusion", "Pneumonia"], "in the model's order");
    assert_eq!(set.rows[0].truths, [Absent, Present]);
    assert_eq!(set.rows[1].truths, [Present, Truth::Blank]);
    let row = &set.rows[1];
    assert_eq!((row.line, row.film.as_str(), row.patient.as_deref()), (3, "b.png", Some("8")));
    assert_eq!((row.view.as_deref(), row.split.as_deref()), (Some("AP"), Some("train")));
    assert_eq!(set.notes, Vec::<String>::new());
}

#[test]
fn nihs_joined_names() {
    let text = "Image Index,Finding Labels,Follow-up #,Patient ID,View Position,OriginalImage[Width,Height],\n\
                00000001_000.png,Effusion|Pleural_Thickening,0,1,PA,2682,2749,\n\
                00000002_000.png,No Finding,0,2,PA,2500,2048,\n\
                00000003_000.png,Infiltration|Masss,0,3,PA,2500,2048,\n";
    let set = read_text(text).unwrap();
    assert_eq!(set.shape, Shape::Joined);
    assert_eq!(set.findings, ["Effusion", "Pleural_Thickening", "Infiltration"]);
    assert_eq!(set.rows[0].truths, [Present, Present, Absent]);
    assert_eq!(set.rows[1].truths, [Absent, Absent, Absent]);
    assert_eq!(set.notes, ["the model has no label `Masss`: left out"]);
    assert_eq!(set.rows[2].patient.as_deref(), Some("3"));
}

#[test]
fn chexperts_blanks_and_minus_one() {
    let text = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Pneumonia,Pleural Effusion,Support Devices\n\
                CheXpert-v1.0/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,,-1.0,1.0,1.0\n";
    let set = read_text(text).unwrap();
    assert_eq!(set.findings, ["Effusion", "Pneumonia"]);
    assert_eq!(set.rows[0].truths, [Present, Truth::Uncertain]);
    assert_eq!(set.rows[0].patient.as_deref(), Some("patient64541"));
    assert_eq!(set.notes, ["`Pleural Effusion` is read as the model's `Effusion`"]);
    assert!(set.patients_from.unwrap().contains("paths"));
}

#[test]
fn how_uncertain_and_blank_count() {
    use super::{Blank as B, Uncertain as U};
    for (truth, uncertain, blank, counted) in [
        (Present, U::Negative, B::Negative, Some(true)),
        (Absent, U::Positive, B::Ignore, Some(false)),
        (Truth::Uncertain, U::Ignore, B::Negative, None),
        (Truth::Uncertain, U::Positive, B::Ignore, Some(true)),
        (Truth::Uncertain, U::Negative, B::Ignore, Some(false)),
        (Truth::Blank, U::Positive, B::Ignore, None),
        (Truth::Blank, U::Positive, B::Negative, Some(false)),
    ] {
        assert_eq!(truth.counted(uncertain, blank), counted, "{truth:?} {uncertain:?} {blank:?}");
    }
}

#[test]
fn mistakes_say_where_and_what_to_do() {
    for (text, says) in [
        ("", "the first line names the columns"),
        ("Image,Pneumonia\n", "holds no films"),
        ("Picture,Pneumonia\na.png,1\n", "call it `Image`"),
        ("Image,Fracture\na.png,1\n", "none of its columns is a finding of the model"),
        ("Image,Pnuemonia\na.png,1\n", "did you mean `Pneumonia` for `Pnuemonia`?"),
        ("Image,Pneumonia\na.png,1\nb.png,2\n", "line 3, column `Pneumonia`: `2` is not 1, 0"),
        ("Image,Pneumonia\na.png,1,7\n", "line 2 has 3 cells"),
        ("Image,Pneumonia,pneumonia\na.png,1,1\n", "are the same finding"),
        ("Image,Finding Labels\na.png,Fracture\n", "`Fracture`"),
    ] {
        let error = read_text(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text:?}: {error}");
    }
}

#[test]
fn a_label_that_the_model_lacks_is_named_with_the_nearest() {
    let set = read_text("Image;Pneumonia;Infiltratoin;Weight\na.png;1;0;70\n").unwrap();
    assert_eq!(set.notes, ["the model has no label `Infiltratoin`: left out; did you mean `Infiltration`?"]);
}

#[test]
fn without_a_model_every_finding_of_the_file_is_read() {
    let set = read(b"Image,Age,Pneumonia,Scoliosis,Room\na.png,1,1,0,12\nb.png,0,0,1,7\n", None).unwrap();
    assert_eq!(set.findings, ["Pneumonia", "Scoliosis"]);
}

#[test]
fn hostile_text_is_harmless() {
    let set = read(b"Image,Pneumonia,\x1b[2JX\n\x1b]0;a.png,1,0\n", Some(&MODEL)).unwrap();
    assert!(!format!("{set:?}").contains("\\u{1b}"), "{set:?}");
}

#[test]
fn a_split_can_be_kept_alone() {
    let mut set = read_text("Image,Pneumonia,Split\na.png,1,val\nb.png,0,train\n").unwrap();
    let error = set.keep_split("test").unwrap_err().to_string();
    assert!(error.contains("`train`, `val`"), "{error}");
    set.keep_split("val").unwrap();
    assert_eq!(set.rows.len(), 1);
}

/// Films on disk, rows with their value, joined as (film, row).
fn joined(films: &[&str], rows: &[(&str, u8)]) -> Joined {
    let text: String = rows.iter().map(|(film, value)| format!("{film},{value}\n")).collect();
    join(films, &read_text(&format!("Image,Pneumonia\n{text}")).unwrap().rows)
}

#[test]
fn names_join_wherever_the_films_lie() {
    let found = joined(
        &["nih/a.png", "b.png", "c.jpg", "d.png"],
        &[("x/y/a.png", 1), ("b.png", 0), ("c.png", 1), ("e.png", 0)],
    );
    assert_eq!(found.pairs, [(0, 0), (1, 1), (2, 2)]);
    assert_eq!(found.by_stem, 1);
    assert_eq!(found.missing, ["e.png"]);
    assert_eq!(found.unlabelled, ["d.png"]);
}

#[test]
fn one_name_in_many_folders_needs_the_folders() {
    let films = ["p1/study1/v.jpg", "p2/study1/v.jpg", "p3/study1/v.jpg"];
    let found =
        joined(&films, &[("set/p2/study1/v.jpg", 1), ("set/p1/study1/v.jpg", 0), ("set/p9/study1/v.jpg", 0)]);
    assert_eq!(found.pairs, [(0, 1), (1, 0)]);
    assert_eq!(found.missing, ["set/p9/study1/v.jpg"]);
    assert_eq!(found.unlabelled, ["p3/study1/v.jpg"]);
    // One film of that name on disk is not everybody's.
    let found = joined(&["p1/v.jpg"], &[("set/p1/v.jpg", 1), ("set/p2/v.jpg", 0)]);
    assert_eq!(found.pairs, [(0, 0)]);
    assert_eq!(joined(&["v.jpg"], &[("p1/v.jpg", 1), ("p2/v.jpg", 0)]).pairs, []);
    assert_eq!(joined(&["a/v.jpg", "b/v.jpg"], &[("v.jpg", 1)]).ambiguous, ["v.jpg"]);
}

#[test]
fn repeated_rows_count_once_and_conflicting_ones_not_at_all() {
    let found = joined(&["a.png", "b.png"], &[("a.png", 1), ("b.png", 1), ("a.png", 1), ("b.png", 0)]);
    assert_eq!(found.pairs, [(0, 0)]);
    assert_eq!(found.repeated, 1);
    assert_eq!(found.conflicting, ["b.png"]);
}

#[test]
fn patients_in_both_sets_are_found_however_they_are_written() {
    let first = read_text("Image,Pneumonia\n00000150_002.png,1\n00000151_000.png,0\n").unwrap();
    let second = read_text("Image,Pneumonia,PatientId\nx.png,1,150\ny.png,1,7\nz.png,1,\n").unwrap();
    let found = overlap(&first.rows, &second.rows);
    assert_eq!(found, Overlap { first: 2, second: 2, shared: vec!["150".to_owned()] });
}
