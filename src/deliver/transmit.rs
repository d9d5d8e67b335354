//! Objects over the network, on a thread of its own, which can be left behind at the end of the program.

use std::{collections::BTreeSet, io, thread};

use crossbeam_channel::{Receiver, Sender, unbounded};
use dicom_dictionary_std::uids;

use crate::{
    config::Destination,
    dicom::{
        results::{Object, Syntax},
        send::{Association, CalledEntity, SendError, Storable, Times, Verdict},
        tls::{ClientFiles, TlsError},
    },
};

/// A step of the objects on their way.
#[derive(Debug)]
pub(super) enum Step {
    /// The one at this place was taken.
    Taken(usize, Verdict),
    /// Nothing more happens; the reason, where some were not taken.
    End(Result<(), String>),
}

/// The entity that a section of the configuration means; its files of TLS are read anew each time, for certificates are
/// renewed.
pub(super) fn entity(destination: &Destination) -> Result<CalledEntity, TlsError> {
    let tls = match (destination.tls, &destination.tls_roots) {
        (true, Some(roots)) => {
            let own = destination.tls_certificate.clone().zip(destination.tls_key.clone());
            let config = ClientFiles { roots: roots.clone(), own }.load()?;
            let name = destination.tls_name.clone().unwrap_or_else(|| destination.host.clone());
            Some((config, name))
        }
        _ => None,
    };
    Ok(CalledEntity {
        host: destination.host.clone(),
        port: destination.port,
        aet: destination.aet.trim().to_owned(),
        calling_aet: destination.calling_aet.trim().to_owned(),
        tls,
        times: Times::default(),
    })
}

/// Begins to send objects, those first that come first.
pub(super) fn start(entity: CalledEntity, objects: Vec<Object>) -> io::Result<Receiver<Step>> {
    let (tell, steps) = unbounded();
    let work = move || {
        let end = transmit(&entity, &objects, &tell).map_err(|error| error.to_string());
        let _ = tell.send(Step::End(end));
    };
    thread::Builder::new().name("send-results".to_owned()).spawn(work)?;
    Ok(steps)
}

/// Sends each object whose class is taken. A class that is not taken is an error in the end.
fn transmit(entity: &CalledEntity, objects: &[Object], tell: &Sender<Step>) -> Result<(), SendError> {
    let classes: BTreeSet<&str> = objects.iter().map(|object| object.what.sop_class_uid()).collect();
    // The one that every storage SCP has to take (PS3.5 10.1).
    let wanted: Vec<_> = classes.into_iter().map(|class| (class, uids::IMPLICIT_VR_LITTLE_ENDIAN)).collect();
    let mut association = Association::open(entity, &wanted)?;
    let mut not_taken = None;
    for (place, object) in objects.iter().enumerate() {
        let data_set = object.data_set(Syntax::Implicit);
        let storable = Storable {
            class: object.what.sop_class_uid(),
            instance: &object.sop_instance_uid,
            data_set: &data_set,
        };
        match association.store(storable) {
            Ok(verdict) => _ = tell.send(Step::Taken(place, verdict)),
            // The association still stands.
            Err(error @ (SendError::NotTaken { .. } | SendError::Refused(_))) => {
                not_taken.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    association.release();
    not_taken.map_or(Ok(()), Err)
}
