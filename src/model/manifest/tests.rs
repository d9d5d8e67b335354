use super::*;

/// The torchxrayvision family, with an untrained output as in its smaller files.
const XRAY_VISION: &str = include_str!("tests/torchxrayvision.toml");
/// The Keras course model.
const KERAS: &str = include_str!("tests/keras.toml");

#[test]
fn the_torchxrayvision_family_can_be_written_down() {
    let manifest = Manifest::parse(XRAY_VISION, "here").unwrap();
    assert_eq!(manifest.network(), NetworkConfig::DenseNet(DenseNetConfig::densenet121(1, 4, 1e-5)));
    assert_eq!(
        manifest.preprocessing,
        [
            Step::Grey { from: Tone::Stored },
            Step::Scale { low: -1024.0, high: 1024.0 },
            Step::CentreCrop {},
            Step::Resize { size: 224, filter: Filter::Order1Gaussian, eight_bit: false },
        ]
    );
    let labels: Vec<_> = manifest.labels.iter().map(|l| (l.output, l.name.as_str(), l.validated)).collect();
    assert_eq!(labels, [(0, "Atelectasis", true), (1, "Consolidation", false), (3, "Hernia", false)]);
    assert_eq!(manifest.label("Hernia").unwrap().0, 2);
    assert!(manifest.label("").is_none(), "an untrained output is never found");
}

#[test]
fn the_keras_course_model_can_be_written_down() {
    let manifest = Manifest::parse(KERAS, "here").unwrap();
    assert_eq!(manifest.network(), NetworkConfig::DenseNet(DenseNetConfig::densenet121(3, 2, 1.001e-5)));
    assert_eq!((manifest.channels, manifest.size), (3, 320));
    assert_eq!(
        manifest.preprocessing[1..],
        [
            Step::Resize { size: 320, filter: Filter::Nearest, eight_bit: false },
            Step::Standardise { epsilon: 1e-6, ddof: 0 },
            Step::Channels { count: 3 },
        ]
    );
    let fixed = KERAS.replace(
        r#"step = "standardise", epsilon = 1e-6, ddof = 0"#,
        r#"step = "normalise", mean = 123.5, std = 60.25"#,
    );
    assert_eq!(
        Manifest::parse(&fixed, "here").unwrap().preprocessing[2],
        Step::Normalise { mean: 123.5, std: 60.25 }
    );
}

#[test]
fn a_label_is_validated_by_its_interval() {
    for (lines, validated) in [
        ("auc = 0.8\nauc_interval = [0.651, 0.9]\npositives = 10", true),
        ("auc = 0.8\nauc_interval = [0.651, 0.9]\npositives = 9", false),
        ("auc = 0.8\nauc_interval = [0.651, 0.9]", false),
        ("auc = 0.8\nauc_interval = [0.65, 0.9]\npositives = 90", false),
        ("auc = 0.8\nauc_interval = [0.5, 0.9]\npositives = 90", false),
        ("auc = 0.8", false),
        ("auc = 0.8\nvalidated = true", true),
        ("", false),
    ] {
        let text = KERAS.replace("auc = 0.896", lines) + &evaluated(true, "by-patient");
        let manifest = Manifest::parse(&text, "here").unwrap();
        assert_eq!(manifest.labels[0].validated, validated, "{lines}");
    }
}

fn evaluated(unseen: bool, intervals: &str) -> String {
    format!(
        "\n[evaluated]\nfilms = \"325 films of 301 patients\"\nalso_used_for = \"choosing the epoch\"\n\
         source_was_trained_on = true\npatients_are_unseen = {unseen}\nintervals = \"{intervals}\"\n"
    )
}

/// A manifest must name the films of its intervals, which are of patients whom training never saw and by patient; where
/// it says itself that a label is validated, it may leave the films out, but they must not be unfit.
#[test]
fn films_must_be_named_and_fit_to_validate() {
    let measured = KERAS.replace("auc = 0.896", "auc = 0.8\nauc_interval = [0.7, 0.9]\npositives = 20");
    let says_so = KERAS.replace("auc = 0.896", "auc = 0.8\nvalidated = true");
    let is_validated = |text: &str| Manifest::parse(text, "here").unwrap().labels[0].validated;
    assert!(!is_validated(&measured) && is_validated(&says_so), "no films are named");
    for (unseen, intervals, validated) in
        [(true, "by-patient", true), (false, "by-patient", false), (true, "by-film", false)]
    {
        let named = evaluated(unseen, intervals);
        assert_eq!(is_validated(&(says_so.clone() + &named)), validated, "{unseen}, {intervals}");
        let hash = "ab".repeat(32);
        let text = format!("{measured}{named}[training]\nlabels = [\"{hash}\"]\nsplits = [\"fit\"]\n");
        let manifest = Manifest::parse(&text, "here").unwrap();
        assert_eq!(manifest.labels[0].validated, validated, "{unseen}, {intervals}");
        let on = manifest.evaluated.unwrap();
        assert_eq!((on.also_used_for.as_str(), on.source_was_trained_on), ("choosing the epoch", true));
        let training = manifest.training.unwrap();
        assert!(training.labels.contains(&hash) && training.splits.contains("fit"));
        let error = Manifest::parse(&text.replace(&hash, "1234"), "here").unwrap_err().to_string();
        assert!(error.contains("64 hexadecimal digits"), "{error}");
    }
}

/// Pairs of a mistake and the words that its message must have.
#[test]
fn faults_are_named_with_their_line() {
    for (right, wrong, said) in [
        ("alert = 0.41", "alert = 1.5", "model.toml, line 26: a threshold of 1.5 is out of range"),
        (
            "architecture",
            "trunk = { model = \"../starter\", sha256 = \"\" }\narchitecture",
            "a sha256 is 64 hexadecimal digits",
        ),
        ("alert = 0.41", "alert = 0", "line 26: a threshold of 0 is out of range"),
        ("alert = 0.41", "alert = 0.41\ncritical = 1", "line 27: a threshold of 1 is out of range"),
        (
            "alert = 0.41",
            "alert = 0.41\ncritical = 0.4",
            "'Cardiomegaly' has `critical` 0.4, below its `alert`, 0.41",
        ),
        ("alert = 0.41", "alarm = 0.41", "line 26: unknown field `alarm`"),
        ("[input]\nchannels", "[input]\nchanels", "line 21: unknown field `chanels`"),
        ("size = 320,", "siez = 320,", "line 15: unknown field `siez`"),
        ("filter = \"nearest\"", "filter = \"neerest\"", "line 15: unknown variant `neerest`"),
        ("step = \"standardise\"", "step = \"standardize\"", "line 16: unknown variant `standardize`"),
        ("architecture = \"densenet121\"", "architecture = \"vgg\"", "line 9: unknown variant `vgg`"),
        ("auc = 0.896", "auc = 8.96", "line 27: an AUC of 8.96 is out of range"),
        ("auc = 0.896", "auc_interval = [0.7, 0.9]", "'Cardiomegaly' says how its AUC was measured"),
        ("auc = 0.896", "auc = 0.9\nauc_interval = [0.9, 0.7]", "line 28: [0.9, 0.7] is no interval"),
        ("auc = 0.896", "auc = 0.9\nauc_interval = [0.7, 0.95]\nvalidated = true", "leave `validated` out"),
        ("Emphysema", "Cardiomegaly", "label 'Cardiomegaly' stands there twice"),
        ("keras-course", "../keras", "'../keras' cannot be a model's name"),
        (
            "{ step = \"grey\", from = \"display\" },",
            "",
            "line 15: step \"resize\": the first step is \"grey\"",
        ),
        ("size = 320, filter", "size = 300, filter", "must end with films of `input.size`, 320 x 320"),
        ("count = 3", "count = 1", "gives 1 channel(s), but `input.channels` is 3"),
        ("sha256 = \"0", "sha256 = \"x", "line 8: a sha256 is 64 hexadecimal digits"),
        (
            "filter = \"nearest\"",
            "filter = \"order1-gaussian\", eight_bit = true",
            "line 15: step \"resize\": this filter has no",
        ),
        ("epsilon = 1.001e-5", "epsilon = -1.0", "line 10: -1 is out of range"),
        ("[input]", "[network]\nblocks = []\n[input]", "[network] is out of range"),
        ("[input]", "[network]\nstem = 99999999\n[input]", "[network] is out of range"),
        ("[input]", "[input", "line 20: "),
        ("size = 320,", "size = 1000000000,", "line 15: step \"resize\": `size` is out of range: 1 to 4096"),
        ("\nsize = 320", "\nsize = 1000000000", "is out of range: 1 to 64 channels, size 32 to 4096"),
        ("channels = 3", "channels = 18446744073709551615", "is out of range: 1 to 64 channels"),
        ("channels = 3", "channels = 1000000", "is out of range: 1 to 64 channels"),
        (
            "[input]",
            "[network]\nstem = 1024\ngrowth = 256\nblocks = [128, 128, 128, 128, 128, 128, 128, 128]\n[input]",
            "weights whose largest map",
        ),
        (
            "architecture = \"densenet121\"",
            "architecture = \"resnet50\"\nnetwork = { stem = 1024, blocks = [1, 1, 1, 1, 1, 1, 1, 1] }",
            "weights whose largest map",
        ),
    ] {
        assert!(KERAS.contains(right), "the case has nothing to break: {right}");
        let message =
            Manifest::parse(&KERAS.replacen(right, wrong, 1), "model.toml").unwrap_err().to_string();
        assert!(message.contains(said), "{wrong}: {message}");
    }
}

/// Sizes beyond all sense are refused while they are numbers in a text, before a network of them is made.
#[test]
fn a_manifest_of_absurd_length_is_refused() {
    let labels = "[[labels]]\nname = \"\"\nalert = 0.5\n".repeat(1024);
    let message = Manifest::parse(&format!("{KERAS}\n{labels}"), "here").unwrap_err().to_string();
    assert!(message.contains("`labels` has 1") && message.contains("at most 1024"), "{message}");
    let message = Manifest::draft(&"#".repeat(300_000), "here").unwrap_err().to_string();
    assert!(message.contains("300000 bytes"), "{message}");
    let steps = "{ step = \"centre-crop\" },\n".repeat(33);
    let first = "{ step = \"grey\", from = \"display\" },";
    let text = KERAS.replacen(first, &format!("{first}\n{steps}"), 1);
    let message = Manifest::parse(&text, "here").unwrap_err().to_string();
    assert!(message.contains("`preprocessing` has 3"), "{message}");
}

#[test]
fn text_of_a_manifest_cannot_drive_the_terminal() {
    let text = KERAS.replacen("title = \"", "title = \"\\u001b[2J", 1);
    assert!(!Manifest::parse(&text, "here").unwrap().title.contains('\u{1b}'));
}
