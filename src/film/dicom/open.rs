//! From bytes to a data set, whatever part of the file format is missing.

use std::io::{Cursor, Read};

use dicom_dictionary_std::{tags, uids};
use dicom_encoding::TransferSyntaxIndex;
use dicom_object::{FileMetaTableBuilder, OpenFileOptions, file::ReadPreamble};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::{Header, Object, Refusal, Shape};
use crate::text::clean;

/// Everything before the pixel data.
pub(super) fn header_only(bytes: &[u8], shape: Shape) -> Result<Object, Refusal> {
    let options = OpenFileOptions::new().read_until(tags::PIXEL_DATA);
    read(bytes, shape, options).map_err(|error| {
        format!(
            "The file starts like DICOM but its header cannot be read ({error}), so it was cut short or damaged on \
             the way: send the film again."
        )
    })
}

/// Everything up to and with the pixel data: what trails them (padding, signatures) is not read.
pub(super) fn with_pixels(bytes: &[u8], shape: Shape, header: &Header) -> Result<Object, Refusal> {
    let options = OpenFileOptions::new().read_to(tags::PIXEL_DATA);
    let object = read(bytes, shape, options).map_err(|_| {
        "The file breaks off or is damaged within its pixel data: its transfer was cut short; send the film again."
            .to_owned()
    })?;
    if object.get(tags::PIXEL_DATA).is_none() {
        let what = if header.modality.is_empty() { "no modality" } else { &header.modality };
        return Err(format!(
            "This DICOM object holds no picture ({what}): it is a report, a reference or a film cut short; check what \
             the sender puts into the inbox."
        ));
    }
    Ok(object)
}

/// The name of a transfer syntax with its UID, as a person may need it for a search.
pub(super) fn syntax_name(uid: &str) -> String {
    match TransferSyntaxRegistry.get(uid) {
        Some(syntax) => format!("{} ({uid})", syntax.name()),
        None => format!("transfer syntax \"{uid}\""),
    }
}

fn read(bytes: &[u8], shape: Shape, options: OpenFileOptions) -> Result<Object, String> {
    let (prefix, offset) = match shape {
        Shape::Complete => (Vec::new(), 128),
        Shape::NoPreamble(offset) => (b"DICM".to_vec(), offset),
        Shape::BareExplicit(offset) => (meta(uids::EXPLICIT_VR_LITTLE_ENDIAN)?, offset),
        Shape::BareImplicit(offset) => (meta(uids::IMPLICIT_VR_LITTLE_ENDIAN)?, offset),
    };
    let source = Cursor::new(prefix).chain(bytes.get(offset..).unwrap_or_default());
    options.read_preamble(ReadPreamble::Never).from_reader(source).map_err(|error| innermost(&error))
}

/// The file meta information that a bare data set lacks, so that all shapes take one path.
fn meta(transfer_syntax: &str) -> Result<Vec<u8>, String> {
    let table = FileMetaTableBuilder::new()
        .transfer_syntax(transfer_syntax)
        .media_storage_sop_class_uid("")
        .media_storage_sop_instance_uid("")
        .build()
        .map_err(|error| innermost(&error))?;
    let mut bytes = b"DICM".to_vec();
    table.write(&mut bytes).map_err(|error| innermost(&error))?;
    Ok(bytes)
}

/// The message of the cause that lies deepest: the outer ones only repeat that reading failed.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    clean(&cause.to_string())
}
