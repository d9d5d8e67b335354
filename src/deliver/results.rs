//! The sending of a study's result: made when it is delivered, each object once.

use std::{collections::BTreeSet, convert::Infallible, time::Instant};

use crossbeam_channel::{Receiver, at, never, select};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    LAST,
    attempt::{Attempt, Failure},
    study_result,
    transmit::{self, Step},
};
use crate::{
    config::{Destination, Destinations},
    dicom::{results::Object, send::Verdict},
    store::{Delivery, SendContent, SentObject, Store, StoreError, StudyDetail},
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
    let destination = destinations
        .get(&delivery.target)
        .ok_or_else(|| format!("the configuration no longer has the section [send.{}]", delivery.target))?;
    let study = delivery.study.ok_or_else(|| Failure::for_good("there is no study to send"))?;
    let detail = store.detail(study)?;
    let detail = detail.ok_or_else(|| Failure::for_good("the study is no longer in the store"))?;
    // A destination may refuse in words of its own, and these may say whose study it was sent.
    send_study(store, delivery, &detail, destination, stopped)
        .map_err(|Failure { why, for_good }| Failure { why: detail.secrets().hide(&why), for_good })
}

/// Sends the result of a study. A failure may name the patient.
fn send_study(
    store: &mut Store,
    delivery: &Delivery,
    detail: &StudyDetail,
    destination: &Destination,
    stopped: &Receiver<Infallible>,
) -> Result<Option<Json>, Failure> {
    let Some((delivery, content)) = current(store, delivery, detail, destination)? else {
        // Another version takes its place.
        return Ok(Some(Json::Null));
    };
    let before = store.sent_before(&delivery)?;
    let mut objects = study_result::objects(store, detail, destination, &content, &before)?;
    let mut taken = Taken::of(&delivery);
    let count = objects.len();
    objects.retain(|object| content.again || !taken.has(object));
    let entity = transmit::entity(destination).map_err(|error| error.to_string())?;
    let sent: Vec<SentObject> = objects.iter().map(sent_object).collect();
    let steps = transmit::start(entity, objects).map_err(|error| error.to_string())?;
    let remark = listen(&steps, stopped, |place| taken.add(store, &sent[place]))?;
    Ok(remark.map(|remark| json!({ "version": content.version, "objects": count, "remark": remark })))
}

/// The objects of a delivery that the destination has taken, noted down in its row.
struct Taken {
    delivery: i64,
    objects: Vec<SentObject>,
}

impl Taken {
    fn of(delivery: &Delivery) -> Self {
        let objects = serde_json::from_str(&delivery.plan).unwrap_or_default();
        Self { delivery: delivery.id, objects }
    }

    fn has(&self, object: &Object) -> bool {
        self.objects.iter().any(|sent| sent.instance == object.sop_instance_uid)
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

/// The delivery as it is to be made now; none where the result has changed since a part of it arrived.
fn current(
    store: &mut Store,
    delivery: &Delivery,
    detail: &StudyDetail,
    destination: &Destination,
) -> Result<Option<(Delivery, SendContent)>, Failure> {
    let read = |delivery: &Delivery| SendContent::read(&delivery.content);
    let content = read(delivery).ok_or_else(|| Failure::for_good("its row in the store cannot be read"))?;
    let digest = study_result::digest(detail, destination).unwrap_or_default();
    if content.digest == digest {
        return Ok(Some((delivery.clone(), content)));
    }
    let renewed = store.renew_send(delivery, &digest, Timestamp::now())?;
    Ok(renewed.and_then(|delivery| read(&delivery).map(|content| (delivery, content))))
}

fn sent_object(object: &Object) -> SentObject {
    SentObject {
        what: object.what.word().to_owned(),
        instance: object.sop_instance_uid.clone(),
        series: object.series_instance_uid.clone(),
    }
}
