//! The receiver and the sender as other programs see them: dcmtk and pynetdicom at the other end. Where a peer is not
//! installed, its tests say so and are skipped.

mod durability;
mod objects_once;
mod orthanc;
mod send;
mod send_orthanc;
mod support;
mod syntaxes;
mod tls;
