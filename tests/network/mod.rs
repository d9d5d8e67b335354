//! The receiver as other programs see it: dcmtk and pynetdicom send, the real program receives. Where a peer is not
//! installed, its tests say so and are skipped.

mod durability;
mod orthanc;
mod support;
mod syntaxes;
mod tls;
