//! A DICOM file: Computed Radiography, Explicit VR Little Endian, one monochrome frame (PS3.10 section 7,
//! PS3.5 section 7.1). It writes what a phantom needs and no more; the tests read it back.

/// Values of string representations are padded to an even length: text by a blank, UIDs by a zero
/// (PS3.5 section 6.2).
fn padded(text: &str, padding: u8) -> Vec<u8> {
    let mut value = text.as_bytes().to_vec();
    if value.len() % 2 == 1 {
        value.push(padding);
    }
    value
}

/// A data set in the making: elements in the order of their tags.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn element(&mut self, tag: (u16, u16), representation: &[u8; 2], value: &[u8]) -> &mut Self {
        self.bytes.extend(tag.0.to_le_bytes());
        self.bytes.extend(tag.1.to_le_bytes());
        self.bytes.extend(representation);
        // OB and OW have two reserved bytes and a length of four; the others a length of two.
        if matches!(representation, b"OB" | b"OW") {
            self.bytes.extend([0, 0]);
            self.bytes.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
        } else {
            self.bytes.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
        }
        self.bytes.extend(value);
        self
    }

    pub(super) fn text(&mut self, tag: (u16, u16), representation: &[u8; 2], text: &str) -> &mut Self {
        let padding = if representation == b"UI" { 0 } else { b' ' };
        self.element(tag, representation, &padded(text, padding))
    }

    pub(super) fn number(&mut self, tag: (u16, u16), number: u16) -> &mut Self {
        self.element(tag, b"US", &number.to_le_bytes())
    }

    pub(super) fn words(&mut self, tag: (u16, u16), words: &[u16]) -> &mut Self {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.element(tag, b"OW", &bytes)
    }

    /// The file: preamble, file meta information, data set.
    pub(super) fn file(&self, class: &str, instance: &str) -> Vec<u8> {
        const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";
        let mut meta = Self::default();
        meta.element((0x0002, 0x0001), b"OB", &[0, 1])
            .text((0x0002, 0x0002), b"UI", class)
            .text((0x0002, 0x0003), b"UI", instance)
            .text((0x0002, 0x0010), b"UI", EXPLICIT_LITTLE_ENDIAN)
            .text((0x0002, 0x0012), b"UI", super::ROOT);
        let length = u32::try_from(meta.bytes.len()).unwrap_or(u32::MAX);
        let mut head = Self::default();
        head.element((0x0002, 0x0000), b"UL", &length.to_le_bytes());

        let mut file = vec![0; 128];
        file.extend(b"DICM");
        file.extend(head.bytes);
        file.extend(meta.bytes);
        file.extend(&self.bytes);
        file
    }
}
