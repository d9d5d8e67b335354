use super::{
    Truth::{Absent, Present},
    *,
};

const MODEL: [&str; 4] = ["Effusion", "Pneumonia", "Pleural_Thickening", "Infiltration"];

fn read_text(text: &str) -> Result<LabelSet, LabelError> {
    read(text.as_bytes(), Some(&MODEL), TruthChoice::Ask)
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
    let set =
        read(b"Image,Age,Pneumonia,Scoliosis,Room\na.png,1,1,0,12\nb.png,0,0,1,7\n", None, TruthChoice::Ask)
            .unwrap();
    assert_eq!(set.findings, ["Pneumonia", "Scoliosis"]);
}

#[test]
fn hostile_text_is_harmless() {
    let set = read(b"Image,Pneumonia,\x1b[2JX\n\x1b]0;a.png,1,0\n", Some(&MODEL), TruthChoice::Ask).unwrap();
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

const PLAIN: &str = "Image,Pneumonia,PatientId\n\"a, left.png\",1,7\nmüller.png,0,8\n";

/// One table as many programs write it.
#[test]
fn every_encoding_line_end_and_separator_is_read() {
    let encoded =
        |text: &str, encode: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(encode).collect::<Vec<u8>>();
    let semicolons = PLAIN.replace(',', ";").replace("a; left", "a, left");
    let tabs = PLAIN.replace(',', "\t").replace("a\t left", "a, left");
    let latin: Vec<u8> = PLAIN.chars().map(|c| c as u32 as u8).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("UTF-8", PLAIN.into()),
        ("UTF-8 with a mark", format!("\u{feff}{PLAIN}").into()),
        ("UTF-16 LE with a mark", encoded(&format!("\u{feff}{PLAIN}"), u16::to_le_bytes)),
        ("UTF-16 BE with a mark", encoded(&format!("\u{feff}{PLAIN}"), u16::to_be_bytes)),
        ("UTF-16 LE", encoded(&tabs, u16::to_le_bytes)),
        ("UTF-16 BE", encoded(&semicolons, u16::to_be_bytes)),
        ("Windows-1252", latin),
        ("Windows' line ends", PLAIN.replace('\n', "\r\n").into()),
        ("old Mac's line ends", PLAIN.replace('\n', "\r").into()),
        ("old Mac's line ends, UTF-16", encoded(&tabs.replace('\n', "\r"), u16::to_le_bytes)),
        ("no line end at the end", PLAIN.trim_end().into()),
        ("semicolons", semicolons.clone().into()),
        ("tabs", tabs.clone().into()),
        ("sep=;", format!("sep=;\n{semicolons}").into()),
        ("sep=; with a mark and Windows' line ends", format!("\u{feff}\"sep=;\"\r\n{semicolons}").into()),
        ("sep=tab on an old Mac", format!("SEP=\t\r{}", tabs.replace('\n', "\r")).into()),
        ("empty lines", PLAIN.replace('\n', "\n\n").into()),
    ];
    for (what, bytes) in cases {
        let set =
            read(&bytes, Some(&MODEL), TruthChoice::Ask).unwrap_or_else(|error| panic!("{what}: {error}"));
        let rows: Vec<_> =
            set.rows.iter().map(|row| (row.film.as_str(), row.patient.as_deref(), row.truths[0])).collect();
        assert_eq!(rows, [("a, left.png", Some("7"), Present), ("müller.png", Some("8"), Absent)], "{what}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for (text, line) in [
        ("Image,Pneumonia\na,1\nb,2\n", 3),
        ("Image,Pneumonia\r\na,1\r\nb,2\r\n", 3),
        ("Image,Pneumonia\ra,1\rb,2\r", 3),
        ("sep=,\r\nImage,Pneumonia\r\na,1\r\nb,2\r\n", 4),
        ("Image,\"Pneumonia\"\n\"a\nof two lines\",1\nb,2\n", 4),
        ("Image,Pneumonia\r\"a\nof two lines\",1\rb,2\r", 4),
        ("Image,Pneumonia\na,1\n\n\nb,2\n", 5),
        ("Image,Pneumonia\na,1\n\nb,2,3\n", 4),
    ] {
        let error = read_text(text).unwrap_err().to_string();
        assert!(error.contains(&format!("line {line}")), "{text:?}: {error}");
    }
}

/// Labels that a program found in reports, and those of readers: in a column of joined names beside columns, in columns
/// with a word more, in two columns of joined names.
#[test]
fn of_several_truths_none_is_taken_unasked() {
    let beside = "Image,Finding Labels,Pneumonia,Airspace opacity\na,Pneumonia,NO,YES\nb,No Finding,YES,NO\n";
    let behind = "Image,Pneumonia,Effusion,Pneumonia_adjudicated\na,1,1,0\nb,0,1,1\n";
    let before = "Image,nlp Pneumonia,nlp Effusion,panel: Pneumonia,panel: Effusion\na,1,0,0,0\nb,0,0,1,0\n";
    let readers = "Image,Pneumonia (reader 1),Pneumonia (reader 2),Effusion\na,1,0,1\nb,0,1,1\n";
    let joined = "Image,Finding Labels,Adjudicated\na,Pneumonia,No Finding\nb,No Finding,Pneumonia\n";
    for (text, first, second) in [
        (beside, "Finding Labels", "columns"),
        (behind, "columns", "adjudicated"),
        (before, "nlp", "panel"),
        (readers, "reader1", "reader2"),
        (joined, "finding labels", "adjudicated"),
    ] {
        for known in [Some(&MODEL[..]), None] {
            let error = read(text.as_bytes(), known, TruthChoice::Ask).unwrap_err().to_string();
            for name in [first, second] {
                let option = format!("--truth \"{}\"", name.to_lowercase());
                assert!(error.to_lowercase().contains(&option), "{text}: {error}");
            }
        }
        for (name, truths) in [(first, [Present, Absent]), (second, [Absent, Present])] {
            let set = read(text.as_bytes(), Some(&MODEL), TruthChoice::Named(name)).unwrap();
            let place = set.findings.iter().position(|finding| finding == "Pneumonia").unwrap();
            let found: Vec<Truth> = set.rows.iter().map(|row| row.truths[place]).collect();
            assert_eq!(found, truths, "{text}: {name}");
        }
        assert!(read(text.as_bytes(), None, TruthChoice::Any).is_ok(), "{text}");
        let error = read(text.as_bytes(), None, TruthChoice::Named("other")).unwrap_err().to_string();
        assert!(error.contains("no labels called `other`"), "{error}");
    }
    // What nobody speaks against is everybody's.
    let set = read(readers.as_bytes(), Some(&MODEL), TruthChoice::Named("Reader 2")).unwrap();
    assert_eq!(set.findings, ["Effusion", "Pneumonia"]);
}

#[test]
fn one_truth_is_not_asked_about() {
    for text in [
        "Path,Lung Lesion,Lung Opacity,Pleural Effusion,Pleural Other,Support Devices\na,1,0,1,0,1\n",
        "Image,Nodule,Mass,Nodule/Mass,Effusion\na,1,0,1,0\n",
        "Image,Fracture,Acute Fracture,Old Fracture,Effusion\na,1,0,1,0\n",
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\na,Mass,0,1,1,M,PA\n",
        "image_id,rad_id,Pneumonia,Nodule/Mass,Other lesion,No finding\na,R1,1,0,0,0\n",
    ] {
        let read = read(text.as_bytes(), None, TruthChoice::Ask);
        assert!(read.is_ok(), "{text}: {read:?}");
    }
}

#[test]
fn a_row_a_box_is_not_a_row_a_film() {
    for (header, says) in [
        ("patientId,x,y,width,height,Target", "RSNA's list of boxes"),
        ("patientId,class", "RSNA's list of classes"),
        ("image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max", "VinDr's list of boxes"),
        ("image_id,rad_id,class_name,x_min,y_min,x_max,y_max", "VinDr's list of boxes"),
        ("ImageId, EncodedPixels", "SIIM-ACR's list of outlines"),
        ("Image Index,Finding Label,Bbox [x,y,w,h],,,", "NIH's list of boxes"),
        ("dicom_id,category_name,label_text,path,x,y,w,h", "a list of boxes"),
        ("Image,Pneumonia,bbox", "a list of boxes"),
        ("Image;Pneumonia;box_x1;box_y1;box_x2;box_y2", "a list of boxes"),
    ] {
        for known in [Some(&MODEL[..]), None] {
            let cells = header.matches([',', ';']).map(|_| ",1").collect::<String>();
            let text = format!("{header}\na.png{cells}\n")
                .replace(',', if header.contains(';') { ";" } else { "," });
            let error = read(text.as_bytes(), known, TruthChoice::Ask).unwrap_err();
            assert!(matches!(&error, LabelError::Boxes { kind, .. } if *kind == says), "{header}: {error}");
        }
    }
    // A film's size, and pixels' spacing, are no boxes.
    let text = "Image Index,Finding Labels,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\na,Mass,2,2,0.1,0.1,\n";
    assert!(read(text.as_bytes(), None, TruthChoice::Ask).is_ok());
}

#[test]
fn of_a_row_a_reader_the_majority_counts_and_a_tie_is_unknown() {
    let text = "image_id,rad_id,Effusion,Pneumonia,Infiltrate,No finding\n\
                a,R8,1,0,1,0\nb,R8,0,0,0,1\na,R9,1,1,,0\na,R10,0,0,0,0\nb,R9,1,0,0,0\nc,R9,1,0,0,0\n";
    let set = read_text(text).unwrap();
    let rows: Vec<_> =
        set.rows.iter().map(|row| (row.film.as_str(), row.line, row.truths.as_slice())).collect();
    let unknown = Truth::Blank;
    assert_eq!(set.findings, ["Effusion", "Pneumonia", "Infiltration"]);
    assert_eq!(
        rows,
        [
            ("a", 2, &[Present, Absent, unknown][..]),
            ("b", 3, &[unknown, Absent, Absent]),
            ("c", 7, &[Present, Absent, Absent]),
        ]
    );
    let note = "it has a row for each reader (`rad_id`, up to 3 a film): what most of them say counts; as many for as \
                against a finding count as unknown: 2 on 2 films";
    assert_eq!(set.notes[0], note);
    let joined = join(&["a.png", "b.png", "c.png"], &set.rows);
    assert_eq!((joined.pairs.len(), joined.conflicting.len()), (3, 0));

    let wrong = read_text("image_id,rad_id,Effusion\na,R8,1\na,R9,perhaps\n").unwrap_err();
    assert!(wrong.to_string().contains("`perhaps`"), "{wrong}");
}
