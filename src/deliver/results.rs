//! The sending of a study's result: made when it is delivered, each object once.

use std::{collections::BTreeSet, convert::Infallible, time::Instant};

use crossbeam_channel::{Receiver, at, never, select};
use serde_json::{Value as Json, json};

use super::{
    LAST,
    attempt::{Attempt, Failure},
    study_result,
    transmit::{self, Step},
};
use crate::{
    config::{Destination, Destinations},
    dicom::{
        results::{Object, Sent},
        send::Verdict,
    },
    store::{Delivery, SendContent, SentObject, Store, StoreError, StudyDetail, StudyId},
};

/// Sends what a delivery is about, as far as the destination has not taken it yet.
pub(super) fn send(
    store: &mut Store,
    delivery: &Delivery,
    destinations: &Destinations,
    stopped: &Receiver<Infallible>,
) -> Attempt {
    send_until(store, delivery, destinations, stopped).transpose()
}

fn send_until(
    store: &mut Store,
    delivery: &Delivery,
    destinations: &Destinations,
    stopped: &Receiver<Infallible>,
) -> Result<Option<Json>, Failure> {
    let Some(destination) = destinations.get(&delivery.target) else {
        let whose = if store.is_shared() { "the configuration of this host" } else { "the configuration" };
        return Err(Failure::configuration(format!("{whose} has no section [send.{}]", delivery.target)));
    };
    let study = delivery.study.ok_or_else(|| Failure::for_good("there is no study to send"))?;
    let detail = store.detail(study)?;
    let detail = detail.ok_or_else(|| Failure::for_good("the study is no longer in the store"))?;
    // A destination may refuse in words of its own, and these may say whose study it was sent.
    send_study(store, delivery, study, destination, stopped)
        .map_err(|Failure { why, remedy }| Failure { why: detail.secrets().hide(&why), remedy })
}

/// Sends the result of a study. A failure may name the patient.
fn send_study(
    store: &mut Store,
    delivery: &Delivery,
    study: StudyId,
    destination: &Destination,
    stopped: &Receiver<Infallible>,
) -> Result<Option<Json>, Failure> {
    let Some(Current { delivery, content, detail }) = current(store, delivery, study, destination)? else {
        // Another version takes its place.
        return Ok(Some(Json::Null));
    };
    let before = store.sent_before(&delivery)?;
    let mut objects = study_result::objects(store, &detail, destination, &content, &before)?;
    let mut taken = Taken::of(&delivery, &content);
    let count = objects.len();
    objects.retain(|object| !taken.has(object));
    let remark = if objects.is_empty() {
        // The program ended between the last object and its note that this was all.
        Some(String::new())
    } else {
        let entity = transmit::entity(destination).map_err(|error| error.to_string())?;
        let sent: Vec<SentObject> = objects.iter().map(|object| taken.sent(object)).collect();
        let steps = transmit::start(entity, objects).map_err(|error| error.to_string())?;
        listen(&steps, stopped, |place| taken.add(store, &sent[place]))?
    };
    let SendContent { version, digest, .. } = content;
    let told = |remark| json!({ "version": version, "objects": count, "remark": remark, "digest": digest });
    Ok(remark.map(told))
}

/// The objects of a delivery that the destination has taken, noted down in its row.
struct Taken {
    delivery: i64,
    /// Asked for once more, each object is taken once more.
    round: u32,
    objects: Vec<SentObject>,
}

impl Taken {
    fn of(delivery: &Delivery, content: &SendContent) -> Self {
        let objects = serde_json::from_str(&delivery.plan).unwrap_or_default();
        Self { delivery: delivery.id, round: content.round, objects }
    }

    fn has(&self, object: &Object) -> bool {
        let is_it = |sent: &SentObject| sent.instance == object.sop_instance_uid && sent.round >= self.round;
        self.objects.iter().any(is_it)
    }

    /// The object as it is noted down once it is taken.
    fn sent(&self, object: &Object) -> SentObject {
        let Sent { sop_instance_uid, series_instance_uid } = object.sent();
        SentObject {
            what: object.what.word().to_owned(),
            instance: sop_instance_uid,
            series: series_instance_uid,
            round: self.round,
        }
    }

    fn add(&mut self, store: &mut Store, object: &SentObject) -> Result<(), StoreError> {
        self.objects.retain(|sent| sent.instance != object.instance);
        self.objects.push(object.clone());
        store.plan_delivery(self.delivery, &json!(self.objects).to_string())
    }
}

/// Listens to what happens to objects; `take` is called with the place of each that was taken. Returns the destination's
/// remarks; none where the end of the program came first.
fn listen(
    steps: &Receiver<Step>,
    stopped: &Receiver<Infallible>,
    mut take: impl FnMut(usize) -> Result<(), StoreError>,
) -> Result<Option<String>, Failure> {
    let (mut remarks, mut stopped, mut deadline) = (BTreeSet::new(), stopped.clone(), never());
    loop {
        select! {
            recv(steps) -> step => match step {
                Ok(Step::Taken(place, verdict)) => {
                    take(place)?;
                    if let Verdict::StoredBut { .. } = verdict {
                        remarks.insert(verdict.to_string());
                    }
                }
                Ok(Step::End(Ok(()))) => {
                    return Ok(Some(remarks.into_iter().collect::<Vec<_>>().join("; ")));
                }
                Ok(Step::End(Err(why))) => return Err(why.into()),
                Err(_) => return Err("the program broke down over it: report this".to_owned().into()),
            },
            recv(stopped) -> _ => (stopped, deadline) = (never(), at(Instant::now() + LAST)),
            recv(deadline) -> _ => return Ok(None),
        }
    }
}

/// A delivery as it is to be made now.
struct Current {
    delivery: Delivery,
    content: SendContent,
    detail: StudyDetail,
}

/// The delivery as it is to be made now; none where the result has changed since a part of it arrived.
fn current(
    store: &mut Store,
    delivery: &Delivery,
    study: StudyId,
    destination: &Destination,
) -> Result<Option<Current>, Failure> {
    let mut delivery = delivery.clone();
    loop {
        let content = SendContent::read(&delivery.content)
            .ok_or_else(|| Failure::for_good("its row in the store cannot be read"))?;
        // Read after the row was: what it became by then is known, and what it becomes from now on is noted in the row.
        let detail =
            store.detail(study)?.ok_or_else(|| Failure::for_good("the study is no longer in the store"))?;
        if detail.study.is_forgotten() {
            return Err(Failure::for_good("the patient's data were removed from the store"));
        }
        let digest = study_result::digest(&detail, destination).unwrap_or_default();
        if content.digest == digest && content.wanted.is_none() {
            return Ok(Some(Current { delivery, content, detail }));
        }
        match store.renew_send(&delivery, &digest, store.now())? {
            Some(renewed) => delivery = renewed,
            None => return Ok(None),
        }
    }
}
