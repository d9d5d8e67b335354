use std::sync::{Arc, Mutex};

use crossbeam_channel::unbounded;

use super::*;
use crate::study::{BenchLabel, LabelRule, OperatingPoint, Severity, default_critical};

/// A site that sets what it is told, in memory.
#[derive(Clone)]
struct Site(Arc<Mutex<Bench>>);

impl Site {
    fn new() -> Self {
        let rule = LabelRule {
            label: "Effusion".to_owned(),
            alert: 0.4,
            critical: default_critical(0.4),
            cap: Severity::Critical,
            rank: true,
            validated: true,
        };
        let labels = vec![BenchLabel { rule, own: OperatingPoint::of_alert(0.4), site: Setting::default() }];
        Self(Arc::new(Mutex::new(Bench { model: "starter".to_owned(), labels, max_wait: None })))
    }

    fn set(&self, setting: Setting) {
        let mut bench = self.0.lock().unwrap();
        bench.labels[0].site = setting;
        bench.labels[0].rule = bench.rules(&[setting]).labels.remove(0);
    }
}

impl Thresholds for Site {
    fn read(&self) -> Result<Bench, ThresholdsError> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn write(&self, changes: &[ThresholdChange]) -> Result<(), ThresholdsError> {
        self.set(changes[0].to);
        Ok(())
    }
}

/// Asks all at once; returns the answers and what the audit has of thresholds.
fn answers(
    site: Option<Site>,
    requests: Vec<BenchRequest>,
) -> (Vec<BenchUpdate>, Vec<crate::store::AuditEvent>) {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.db");
    let opened = Store::open(&store).unwrap();
    let ((updates, received), (ask, asked)) = (unbounded(), unbounded());
    for request in requests {
        ask.send(request).unwrap();
    }
    drop(ask);
    let thresholds = site.map(|site| Box::new(site) as Box<dyn Thresholds>);
    let actor = Actor::new("anna".to_owned(), None);
    Workbench { store: store.into(), thresholds, actor, login: None, updates }.run(&asked);
    let answers = received.iter().map(|update| match update {
        Update::Bench(update) => *update,
        other => panic!("{other:?}"),
    });
    let audit =
        opened.events(0, 100).unwrap().into_iter().filter(|event| event.kind == AuditKind::ThresholdSet);
    (answers.collect(), audit.collect())
}

fn alert(alert: f64) -> Setting {
    Setting { alert: Some(alert), critical: None }
}

fn change(from: Setting, to: Setting) -> BenchRequest {
    BenchRequest::Save(vec![ThresholdChange { label: "Effusion".to_owned(), from, to }])
}

#[test]
fn of_many_questions_only_the_newest_is_answered() {
    let mut requests = vec![BenchRequest::Open];
    requests.extend([0.1, 0.2, 0.3].map(|it| BenchRequest::Try(vec![alert(it)])));
    let (answers, _) = answers(Some(Site::new()), requests);
    let tried: Vec<&[Setting]> = answers
        .iter()
        .filter_map(|it| match it {
            BenchUpdate::Tried(settings, _) => Some(settings.as_slice()),
            _ => None,
        })
        .collect();
    assert_eq!(tried, [[Setting::default()].as_slice(), [alert(0.3)].as_slice()]);
    assert!(matches!(answers[0], BenchUpdate::Opened(..)), "{answers:?}");
}

#[test]
fn a_save_is_written_and_the_audit_says_who_changed_what_from_what() {
    let site = Site::new();
    let (answers, audit) = answers(Some(site.clone()), vec![change(Setting::default(), alert(0.3))]);
    assert!(matches!(answers[..], [BenchUpdate::Saved(_, _, None)]), "{answers:?}");
    assert_eq!(site.read().unwrap().labels[0].rule.alert, 0.3);
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].actor, "anna");
    let expected = json!({
        "model": "starter", "label": "Effusion",
        "alert": { "before": 0.4, "after": 0.3 },
        "critical": { "before": default_critical(0.4), "after": default_critical(0.3) },
    });
    assert_eq!(audit[0].detail, expected);
}

#[test]
fn what_somebody_else_set_meanwhile_is_not_written_over() {
    let site = Site::new();
    site.set(alert(0.25));
    let (answers, audit) = answers(Some(site.clone()), vec![change(Setting::default(), alert(0.3))]);
    let [BenchUpdate::Refused(why)] = &answers[..] else { panic!("{answers:?}") };
    assert!(why.contains("somebody else changed Effusion"), "{why}");
    assert_eq!(site.read().unwrap().labels[0].site, alert(0.25));
    assert!(audit.is_empty());
}

#[test]
fn a_change_elsewhere_is_told_once_and_only_to_an_open_workbench() {
    let site = Site::new();
    let (closed, _) = answers(Some(site.clone()), vec![BenchRequest::Reread]);
    assert!(closed.is_empty(), "{closed:?}");
    let (same, _) = answers(Some(site), vec![BenchRequest::Open, BenchRequest::Reread]);
    assert!(!same.iter().any(|it| matches!(it, BenchUpdate::Bench(_))), "{same:?}");
}

#[test]
fn without_a_site_the_workbench_says_that_it_cannot_be_opened() {
    let (answers, _) = answers(None, vec![BenchRequest::Open, BenchRequest::Try(vec![alert(0.1)])]);
    assert!(matches!(answers[..], [BenchUpdate::Failed(_)]), "{answers:?}");
}
