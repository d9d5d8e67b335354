//! The DICOM network: films that come in by C-STORE, and the objects by which results go back.

pub mod receive;
pub mod results;
