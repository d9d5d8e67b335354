use std::path::Path;

use super::*;
use crate::{
    dashboard::theme::{Depth, contrast},
    study::Severity,
};

/// Text that is read; a border is only seen (WCAG 2.2, 1.4.3 and 1.4.11).
const TEXT: f64 = 4.5;
const LINES: f64 = 3.0;

fn none(_: &str) -> Option<Source> {
    None
}

/// A style's contrast on the screen; none where a colour is the terminal's own.
fn shown(theme: &Theme, style: Style) -> Option<f64> {
    let front = style.fg.or(theme.text.fg)?;
    let back = style.bg.unwrap_or(theme.background);
    let (front, back) =
        if style.add_modifier.contains(Modifier::REVERSED) { (back, front) } else { (front, back) };
    contrast(front, back)
}

#[test]
fn every_text_of_every_theme_can_be_read_selected_or_not() {
    for (name, _) in BUILT_IN {
        for depth in [Depth::Full, Depth::Indexed] {
            let theme = Theme::built_in(name).unwrap().at_depth(depth);
            let least = if name == "high-contrast" { 7.0 } else { TEXT };
            for (role, style) in theme.roles() {
                if theme.text.fg.is_none() {
                    assert!(style.fg.is_none() && style.bg.is_none(), "{name} has a colour for {role}");
                    continue;
                }
                let wanted = if role == "border" { LINES } else { least };
                let plain = shown(&theme, style).unwrap();
                assert!(plain >= wanted, "{name}, {depth:?}: {role} has a contrast of {plain:.2}");
                let selected = shown(&theme, style.patch(theme.selected)).unwrap();
                assert!(
                    role == "border" || selected >= least,
                    "{name}, {depth:?}: {role} has a contrast of {selected:.2} in the selected row"
                );
            }
        }
    }
}

/// The colour that a colour-blind eye sees, linear red, green and blue (Viénot, Brettel and Mollon 1999,
/// the two that lack the red or the green cones).
fn as_seen(colour: [u8; 3], matrix: [[f64; 3]; 3]) -> [f64; 3] {
    let linear = colour.map(|channel| (f64::from(channel) / 255.0).powf(2.2));
    matrix.map(|row| row.iter().zip(linear).map(|(weight, channel)| weight * channel).sum())
}

#[test]
fn bands_stay_apart_for_colour_blind_eyes() {
    const PROTAN: [[f64; 3]; 3] =
        [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]];
    const DEUTAN: [[f64; 3]; 3] =
        [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]];
    let theme = Theme::built_in("colour-blind").unwrap();
    let bands = Severity::ALL.map(|band| theme.severity(band).fg.and_then(colour::rgb).unwrap());
    for (at, &one) in bands.iter().enumerate() {
        for &other in &bands[at + 1..] {
            for matrix in [PROTAN, DEUTAN] {
                let (one, other) = (as_seen(one, matrix), as_seen(other, matrix));
                let apart = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                assert!(apart > 0.15, "{bands:?}: {apart:.3}");
            }
        }
    }
}

#[test]
fn every_built_in_theme_says_what_it_is_for_and_styles_every_role() {
    for (name, about) in catalogue() {
        assert!(!about.is_empty(), "{name}");
        let text = built_in_text(name).unwrap();
        let file: File = toml::from_str(text).unwrap();
        if file.inherits.is_none() {
            for role in Theme::ROLES {
                assert!(file.roles.contains_key(*role), "{name} says nothing of {role}");
            }
        }
    }
}

#[test]
fn an_heir_changes_what_it_names_and_an_inherited_role_takes_its_palette() {
    let text = "inherits = \"dark\"\n[palette]\nred = \"#ff0000\"\n[roles]\ndim = \"red\"\nkey = { fg = \"blue\", bold = true }\n";
    let find = |name: &str| built_in_text(name).map(|text| (text.to_owned(), None));
    let theme = Theme::parse(text, None, &find).unwrap();
    let red = Some(Color::Rgb(255, 0, 0));
    assert_eq!((theme.dim.fg, theme.critical.fg), (red, red));
    assert_eq!(theme.text, Theme::standard().text);
    assert!(theme.key.add_modifier.contains(Modifier::BOLD));
}

/// Text, where what it inherits is from, line, part of the message, part of the help.
type Case<'a> = (&'a str, &'a dyn Fn(&str) -> Option<Source>, usize, &'a str, &'a str);

#[test]
fn a_mistake_is_told_with_file_line_and_what_to_do() {
    let ring = |_: &str| Some(("inherits = \"other\"".to_owned(), None));
    assert_eq!(Theme::parse("", None, &none).unwrap_err().message, "this theme is empty");
    let cases: [Case<'_>; 8] = [
        ("background = \"#fff\"", &none, 1, "`#fff` is not a colour", "#rrggbb"),
        ("[roles]\nkey = \"red\"\ntext = \"grey\"", &none, 3, "`grey` is not a colour", "palette"),
        ("[roles]\ndimm = \"red\"", &none, 2, "no role `dimm`", "did you mean `dim`?"),
        ("[roles]\ntext = { fg = \"red\",\n size = 3 }", &none, 2, "size = 3", "bold"),
        ("[roles]\ntext = 3", &none, 2, "integer is not a style", "fg"),
        ("inherits = \"dusk\"", &none, 1, "no theme `dusk`", "high-contrast"),
        ("# mine\ninherits = \"other\"", &ring, 1, "in a ring", "built-in"),
        ("[palette]\nred = \"#ff0000\"\n\nroles = [", &none, 4, "", ""),
    ];
    for (text, find, line, message, help) in cases {
        let error = Theme::parse(text, Some(Path::new("mine.toml")), find).unwrap_err();
        assert_eq!(error.line, Some(line), "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
        assert!(error.help.clone().unwrap_or_default().contains(help), "{text}: {error}");
    }
}

#[test]
fn what_nobody_chose_suits_the_terminal() {
    for (depth, colorfgbg, name) in [
        (Depth::Full, "", "dark"),
        (Depth::Indexed, "15;0", "dark"),
        (Depth::Full, "0;15", "light"),
        (Depth::Full, "0;default;15", "light"),
        (Depth::Sixteen, "0;15", "sixteen"),
    ] {
        assert_eq!(Theme::default_name(depth, colorfgbg), name, "{depth:?} {colorfgbg}");
    }
}
