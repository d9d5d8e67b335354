//! Words and codes as they come, and what they are taken for.

use super::{
    Part::{Chest, Other},
    View::{Axial, Decubitus, Lateral, Oblique, Special},
    *,
};

#[test]
fn body_parts_are_known_in_many_languages_and_spellings() {
    for (part_expected, texts) in [
        (
            Some(Chest),
            &[
                "CHEST",
                "Chest PA",
                "CHESTABDOMEN",
                "NECKCHESTABDPELV",
                "PORT CHEST",
                "THORAX",
                "Tórax",
                "TORAX",
                "RX TÓRAX",
                "TO\u{301}RAX",
                "Torace",
                "poumons",
                "LUNGS",
                "Lungenaufnahme",
                "Röntgen-Thorax",
                "BRUSTKORB",
                "Borstkas",
                "klatka piersiowa",
                "Płuca",
                "Hrudník",
                "Грудная клетка",
                "органы грудной клетки",
                "ОГК",
                "Лёгкие",
                "GÖĞÜS",
                "Akciğer",
                "akciger",
                "胸部",
                "胸部正位",
                "胸片",
                "肺",
                "흉부",
                "가슴",
                "ทรวงอก",
                "الصدر",
                "Θώρακας",
                "NGỰC",
                "CHEST/ABDOMEN",
                "CHEST_RIBS",
                "thorax_ap",
                "CXR2",
                "Keuhkot",
                "TÜDŐ",
                "חזה",
                "MEDIASTINUM",
                "CŒUR",
            ][..],
        ),
        (
            Some(Other),
            &[
                "HIP",
                "RIBCAGE",
                "ABDOMEN",
                "EXTREMITY",
                "TSPINE",
                "THORACIC SPINE",
                "T-SPINE",
                "LSSPINE",
                "Brustwirbelsäule",
                "BWS",
                "Columna torácica",
                "rachis thoracique",
                "CADERA",
                "Rodilla",
                "Muñeca",
                "MÃO",
                "Joelho",
                "ÉPAULE",
                "Genou",
                "Hüfte",
                "HUEFTE/HÜFTGELENK",
                "Schädel",
                "Ginocchio",
                "Kolano",
                "Kręgosłup piersiowy",
                "Череп",
                "грудной отдел позвоночника",
                "DİZ",
                "胸椎",
                "胸骨",
                "肋骨",
                "膝関節",
                "骨盆",
                "무릎",
                "흉추",
                "Pelvis AP",
                "LEFT HAND",
                "FOOT",
                "SINUSES",
                "BREAST",
                "C SPINE",
                "PHANTOM",
                "Handgelenk",
            ],
        ),
        (None, &["", "UNKNOWN", "LONG", "XYZ", "THORACIC", "1", "-", "WHOLEBODY"]),
    ] {
        for text in texts {
            assert_eq!(part(text), part_expected, "{text}");
        }
    }
}

#[test]
fn view_positions_are_known_by_codes_and_words() {
    let cases: [(bool, Option<View>, &[&str]); 10] = [
        (
            true,
            None,
            &[
                "PA",
                "AP",
                "ap",
                "P.A.",
                "p-a",
                "A P",
                "PA1",
                "AP_horizontal",
                "AP ERECT",
                "PA UPRIGHT",
                "antero-posterior",
                "postero-anterior",
                "Posteroanterior",
                "FRONTAL",
                "de face",
                "Frente",
                "正位",
                "後前",
                "прямая",
                "AP SUPINE",
                "AP Decúbito supino",
                "décubitus dorsal",
                "BILATERAL PA",
                "PORTABLE AP",
            ],
        ),
        (false, None, &["", "BILATERAL", "UNILATERAL", "LLL", "LATERALITY", "ERECT", "UNK", "0", "R"]),
        (
            false,
            Some(Lateral),
            &[
                "LL",
                "RL",
                "L",
                "LAT",
                "Lat.",
                "LATERAL",
                "left lateral",
                "X-TABLE LAT",
                "XTABLE LATERAL",
                "cross-table",
                "Profil",
                "PERFIL",
                "profilo",
                "seitlich",
                "Boczne",
                "боковая",
                "侧位",
                "側面",
                "측면",
                "latero-laterale",
                "LLAT",
                "Laterale",
                "zijdelings",
                "YAN",
            ],
        ),
        (
            false,
            Some(Oblique),
            &[
                "LAO",
                "RAO",
                "LPO",
                "RPO",
                "OBL",
                "LLO",
                "RLO",
                "Oblique",
                "oblicua",
                "OBLÍQUA",
                "schräg",
                "斜位",
                "косая",
                "skośne",
            ],
        ),
        (true, Some(Oblique), &["AP OBLIQUE", "PA OBL"]),
        (
            false,
            Some(Decubitus),
            &["LLD", "RLD", "DECUBITUS", "left lateral decubitus", "Decúbito lateral", "侧卧位"],
        ),
        (true, Some(Decubitus), &["PA LLD", "AP LLD", "AP RLD", "PA RLD"]),
        (true, Some(Lateral), &["PA LAT", "PA/LATERAL", "PA AND LATERAL"]),
        (true, Some(Axial), &["AP AXIAL", "AP LORDOTIC"]),
        (false, Some(Special), &["SWIMMERS", "COSTAL", "EXCLUDE", "cranio-caudal tangential"]),
    ];
    for (frontal, other, texts) in cases {
        for text in texts {
            assert_eq!(views(text), Views { frontal, other }, "{text}");
        }
    }
}

#[test]
fn a_side_is_no_view_in_a_description() {
    for (text, frontal, other, several) in [
        ("CHEST LATERAL", false, Some(Lateral), false),
        ("XR CHEST PA AND LATERAL", true, Some(Lateral), true),
        ("CHEST 2 VIEWS", false, None, true),
        ("Thorax p.a. und seitlich", true, Some(Lateral), true),
        ("CHEST PA & LAT", true, Some(Lateral), true),
        ("CHEST PA/LAT", true, Some(Lateral), false),
        ("LL", false, None, false),
        ("CHEST LLL INFILTRATE", false, None, false),
        ("BILATERAL RIBS", false, None, false),
        ("LEFT DECUBITUS", false, Some(Decubitus), false),
        ("Rx Torax L", false, None, false),
    ] {
        assert_eq!(described(text), (Views { frontal, other }, several), "{text}");
    }
}

#[test]
fn codes_of_both_editions_mean_the_same() {
    for (code, views) in [
        ("399067008", Views { frontal: false, other: Some(Lateral) }),
        ("R-102CD", Views { frontal: false, other: Some(Lateral) }),
        ("399173006", Views { frontal: false, other: Some(Lateral) }),
        ("399348003", Views { frontal: true, other: None }),
        ("R-40888", Views { frontal: true, other: None }),
        ("399135007", Views { frontal: false, other: Some(Oblique) }),
        ("399162004", Views { frontal: false, other: Some(Special) }),
        ("111069", Views { frontal: false, other: Some(Lateral) }),
        ("", Views::default()),
        ("R-00000", Views::default()),
    ] {
        assert_eq!(view_of_code(code), views, "{code}");
    }
    for (code, part) in [
        ("816094009", Some(Chest)),
        ("T-D3000", Some(Chest)),
        ("122496007", Some(Other)),
        ("T-D9200", Some(Other)),
        ("", None),
    ] {
        assert_eq!(part_of_code(code), part, "{code}");
    }
}
