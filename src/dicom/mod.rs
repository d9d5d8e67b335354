//! The DICOM network: films that come in by C-STORE.

pub mod receive;
