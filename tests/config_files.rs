//! One configuration file a case. Those in `valid_configs/` must mean what is said here; those in
//! `invalid_configs/` must be refused with the message in `snapshots/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cxr_triage::{
    config::{
        Config, ConfigError, Dashboard, Day, Device, FeedAlarm, Hours, Inbox, LabelDefaults, LabelThresholds,
        Loaded, Log, LogLevel, Model, Pictures, Precision, RasterStudy, Store, Triage, Weights, parse, rules,
    },
    quality::{Action, Gates},
    study::{OperatingPoint, Severity},
};
use jiff::SignedDuration;

/// The labels of the model that the cases are written for.
const STARTER: [LabelDefaults<'static>; 6] = [
    LabelDefaults { name: "Cardiomegaly", own: OperatingPoint::of_alert(0.5), validated: true },
    LabelDefaults { name: "Effusion", own: OperatingPoint::of_alert(0.4), validated: true },
    LabelDefaults { name: "Infiltration", own: OperatingPoint::of_alert(0.5), validated: true },
    LabelDefaults { name: "Lung Lesion", own: OperatingPoint::of_alert(0.3), validated: false },
    LabelDefaults { name: "Mass", own: OperatingPoint::of_alert(0.3), validated: true },
    LabelDefaults { name: "Pleural_Thickening", own: OperatingPoint::of_alert(0.2), validated: false },
];

/// The TOML files of a folder of cases, by name.
fn cases(folder: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut cases: Vec<_> = files.map(|path| (name(&path), path)).collect();
    cases.sort();
    cases
}

/// Loads a file as the program does, thresholds of the model in use included. Errors name the file
/// without its folder, and relative paths stay as they are.
fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let text = fs::read_to_string(path).unwrap();
    let loaded = parse(&text, path.file_name().map(Path::new))?;
    rules(&loaded, "starter", &STARTER)?;
    Ok(loaded)
}

/// What a valid case means, by its name.
fn meaning(name: &str) -> Config {
    let label = LabelThresholds::default;
    let default = Config::default();
    match name {
        "empty" | "comments_only" => default,
        "everything_off" => Config {
            quality: Gates {
                modality: Action::Off,
                body_part: Action::Off,
                view: Action::Off,
                frames: Action::Off,
                small: Action::Off,
                blank: Action::Off,
                flat: Action::Off,
                clipped: Action::Off,
                colour: Action::Off,
                inverted: Action::Off,
                out_of_distribution: Action::Off,
                ..default.quality
            },
            triage: Triage { max_wait: None, ..default.triage },
            ..default
        },
        "windows_line_ends" => Config {
            inbox: Inbox { path: "C:/films".into(), ..default.inbox },
            triage: Triage { quiet_period: SignedDuration::from_secs(90), ..default.triage },
            ..default
        },
        "network_share" => Config {
            inbox: Inbox {
                path: "/mnt/pacs/outbox".into(),
                poll: Some(SignedDuration::from_secs(10)),
                settle: SignedDuration::from_secs(5),
                ignore: vec![".lock".into()],
                raster_study: RasterStudy::Folder,
            },
            ..default
        },
        "store_on_a_server" => Config {
            store: Store {
                url: Some("postgres://cxr@db.example/cxr?sslmode=verify-full".into()),
                password_file: Some("/etc/cxr-triage/password".into()),
                ..Store::default()
            },
            ..default
        },
        "names_with_spaces" => with_thresholds([
            ("starter", "Lung Lesion", LabelThresholds { alert: Some(0.4), ..label() }),
            ("site model v2", "Pleural_Thickening", LabelThresholds { critical: Some(0.9), ..label() }),
        ]),
        "inline_thresholds" => with_thresholds([
            ("starter", "Effusion", LabelThresholds { alert: Some(0.55), critical: Some(0.85), ..label() }),
            ("starter", "Infiltration", LabelThresholds { cap: Some(Severity::Urgent), ..label() }),
            ("starter", "Mass", LabelThresholds { rank: Some(false), ..label() }),
        ]),
        "another_model" => with_thresholds([(
            "xrv-all",
            "Enlarged Cardiomediastinum",
            LabelThresholds { alert: Some(0.3), ..label() },
        )]),
        "a_whole_site" => whole_site(),
        _ => panic!("tests/valid_configs/{name}.toml: say here what it means"),
    }
}

fn with_thresholds<const N: usize>(labels: [(&str, &str, LabelThresholds); N]) -> Config {
    let mut config = Config::default();
    for (model, label, thresholds) in labels {
        config.thresholds.entry(model.into()).or_default().labels.insert(label.into(), thresholds);
    }
    config
}

fn whole_site() -> Config {
    let pneumothorax = LabelThresholds { alert: Some(0.02), critical: Some(0.3), cap: None, rank: None };
    Config {
        inbox: Inbox { path: "/srv/films".into(), ..Inbox::default() },
        store: Store { path: Some("/var/lib/cxr-triage/store.db".into()), ..Store::default() },
        model: Model {
            name: Some("xrv-all".into()),
            weights: vec!["/srv/weights".into(), "/opt/weights".into()],
            device: Device::Cuda,
            precision: Precision::Bf16,
        },
        weights: Weights { mirror: Some("https://files.hospital.example/weights".into()) },
        quality: Gates {
            allow_modalities: vec!["RG".into(), "RF".into()],
            view: Action::Warn,
            small: Action::Hold,
            ..Gates::default()
        },
        triage: Triage {
            quiet_period: SignedDuration::from_mins(2),
            max_wait: Some(SignedDuration::from_mins(90)),
        },
        feed_alarm: FeedAlarm {
            after: Some(SignedDuration::from_mins(45)),
            hours: Hours { from: jiff::civil::time(19, 0, 0, 0), until: jiff::civil::time(7, 0, 0, 0) },
            days: vec![Day::Sat, Day::Sun],
        },
        dashboard: Dashboard { pictures: Pictures::Sixel, heatmap: false, ..Dashboard::default() },
        log: Log { file: Some("/var/log/cxr-triage.log".into()), level: LogLevel::Debug },
        ..with_thresholds([("xrv-all", "Pneumothorax", pneumothorax)])
    }
}

#[test]
fn valid_files_mean_what_they_say() {
    let cases = cases("valid_configs");
    assert!(!cases.is_empty());
    for (name, path) in cases {
        match load(&path) {
            Ok(loaded) => assert_eq!(loaded.config, meaning(&name), "{name}"),
            Err(error) => panic!("{name} is refused:\n{error}"),
        }
    }
}

#[test]
fn invalid_files_are_refused_with_the_place_the_reason_and_a_way_out() {
    let cases = cases("invalid_configs");
    assert!(!cases.is_empty());
    for (name, path) in cases {
        match load(&path) {
            Ok(_) => panic!("{name} is taken"),
            Err(error) => {
                insta::assert_snapshot!(name.as_str(), error);
                assert!(error.line.is_some() && error.help.is_some(), "{name}:\n{error}");
            }
        }
    }
}
