//! Command sets (PS3.7 chapter 9 and annex E), read and written. Always implicit VR little endian.

/// The longest command set: those of C-STORE and C-ECHO take some hundreds of bytes.
pub(in crate::dicom) const MAX_COMMAND: usize = 16 << 10;
/// Command Data Set Type that says that no data set follows.
const NO_DATA: u16 = 0x0101;
/// Command Data Set Type that says that one follows.
const DATA: u16 = 0x0001;
/// The priority of an operation that is neither urgent nor can wait.
const MEDIUM: u16 = 0x0000;
/// Bit of Command Field that makes an answer.
const ANSWER: u16 = 0x8000;
/// Most characters of a UID.
const UID: usize = 64;
/// Most characters of an error comment (0000,0902).
const COMMENT: usize = 64;

/// Elements of group 0000.
mod element {
    pub(super) const GROUP_LENGTH: u16 = 0x0000;
    pub(in crate::dicom) const CLASS: u16 = 0x0002;
    pub(in crate::dicom) const FIELD: u16 = 0x0100;
    pub(in crate::dicom) const MESSAGE: u16 = 0x0110;
    pub(in crate::dicom) const ANSWERED: u16 = 0x0120;
    pub(super) const PRIORITY: u16 = 0x0700;
    pub(super) const DATA_SET_TYPE: u16 = 0x0800;
    pub(in crate::dicom) const STATUS: u16 = 0x0900;
    pub(in crate::dicom) const COMMENT: u16 = 0x0902;
    pub(in crate::dicom) const INSTANCE: u16 = 0x1000;
}

/// Command Field of the requests that are known here.
pub(in crate::dicom) mod field {
    pub(in crate::dicom) const STORE: u16 = 0x0001;
    pub(in crate::dicom) const ECHO: u16 = 0x0030;
    pub(in crate::dicom) const CANCEL: u16 = 0x0FFF;
}

/// A status that a request is answered with, and a sentence for whoever reads the sender's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dicom) struct Status {
    pub(in crate::dicom) code: u16,
    pub(in crate::dicom) reason: String,
}

/// Status codes (PS3.4 table B.2-1, PS3.7 annex C).
pub(in crate::dicom) mod code {
    pub(in crate::dicom) const SUCCESS: u16 = 0x0000;
    pub(in crate::dicom) const INVALID_INSTANCE: u16 = 0x0117;
    pub(in crate::dicom) const CLASS_NOT_SUPPORTED: u16 = 0x0122;
    pub(in crate::dicom) const UNRECOGNISED_OPERATION: u16 = 0x0211;
    pub(in crate::dicom) const OUT_OF_RESOURCES: u16 = 0xA700;
    pub(in crate::dicom) const CANNOT_UNDERSTAND: u16 = 0xC000;
}

impl Status {
    pub(in crate::dicom) fn success() -> Self {
        Self { code: code::SUCCESS, reason: String::new() }
    }

    pub(in crate::dicom) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// A request or an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::dicom) struct Command {
    pub(in crate::dicom) field: u16,
    pub(in crate::dicom) message: u16,
    /// Affected SOP Class UID.
    pub(in crate::dicom) class: String,
    /// Affected SOP Instance UID.
    pub(in crate::dicom) instance: String,
    /// Whether a data set follows.
    pub(in crate::dicom) has_data: bool,
    /// In an answer, the number of the request's message.
    pub(in crate::dicom) answered: Option<u16>,
    /// In an answer, the status.
    pub(in crate::dicom) status: Option<u16>,
    /// In an answer, an explanation of the status, harmless; or empty.
    pub(in crate::dicom) comment: String,
}

impl Command {
    /// Reads a command set; an error says why it cannot be one.
    pub(in crate::dicom) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut command = Self { has_data: true, ..Self::default() };
        let (mut has_field, mut has_message) = (false, false);
        let mut rest = bytes;
        while let Some((head, tail)) = rest.split_first_chunk::<8>() {
            let [g0, g1, e0, e1, a, b, c, d] = *head;
            if (g0, g1) != (0, 0) {
                return Err("a command has an element of another group");
            }
            let length = u32::from_le_bytes([a, b, c, d]) as usize;
            let Some((value, next)) = tail.split_at_checked(length) else {
                return Err("a command's element is longer than the command");
            };
            rest = next;
            match u16::from_le_bytes([e0, e1]) {
                element::FIELD => (command.field, has_field) = (number(value)?, true),
                element::MESSAGE => (command.message, has_message) = (number(value)?, true),
                element::DATA_SET_TYPE => command.has_data = number(value)? != NO_DATA,
                element::CLASS => command.class = text(value),
                element::INSTANCE => command.instance = text(value),
                element::ANSWERED => command.answered = Some(number(value)?),
                element::STATUS => command.status = Some(number(value)?),
                element::COMMENT => command.comment = text(value).chars().take(COMMENT).collect(),
                _ => {}
            }
        }
        let is_answer = command.field & ANSWER != 0 && command.answered.is_some();
        if has_field && (has_message || is_answer) && rest.is_empty() {
            Ok(command)
        } else {
            Err("a command is not complete")
        }
    }

    /// Returns whether this is the answer to a request.
    pub(in crate::dicom) fn answers(&self, request: &Self) -> bool {
        self.field == request.field | ANSWER && self.answered == Some(request.message)
    }

    /// Writes this request.
    pub(in crate::dicom) fn request(&self) -> Vec<u8> {
        let mut elements = Elements::default();
        elements.put(element::CLASS, &padded(&self.class, 0));
        elements.number(element::FIELD, self.field);
        elements.number(element::MESSAGE, self.message);
        if self.field == field::STORE {
            elements.number(element::PRIORITY, MEDIUM);
        }
        elements.number(element::DATA_SET_TYPE, if self.has_data { DATA } else { NO_DATA });
        if !self.instance.is_empty() {
            elements.put(element::INSTANCE, &padded(&self.instance, 0));
        }
        elements.command()
    }

    /// Writes the answer to this request.
    pub(in crate::dicom) fn answer(&self, status: &Status) -> Vec<u8> {
        let mut elements = Elements::default();
        if is_uid(&self.class) {
            elements.put(element::CLASS, &padded(&self.class, 0));
        }
        elements.number(element::FIELD, self.field | ANSWER);
        elements.number(element::ANSWERED, self.message);
        elements.number(element::DATA_SET_TYPE, NO_DATA);
        elements.number(element::STATUS, status.code);
        if !status.reason.is_empty() {
            let comment: String =
                status.reason.chars().filter(|c| matches!(c, ' '..='~') && *c != '\\').collect();
            elements.put(element::COMMENT, &padded(&comment[..comment.len().min(COMMENT)], b' '));
        }
        if is_uid(&self.instance) {
            elements.put(element::INSTANCE, &padded(&self.instance, 0));
        }
        elements.command()
    }
}

/// Elements of group 0000, in ascending order.
#[derive(Default)]
struct Elements(Vec<u8>);

impl Elements {
    fn put(&mut self, element: u16, value: &[u8]) {
        self.0.extend([0, 0]);
        self.0.extend(element.to_le_bytes());
        self.0.extend((value.len() as u32).to_le_bytes());
        self.0.extend(value);
    }

    fn number(&mut self, element: u16, value: u16) {
        self.put(element, &value.to_le_bytes());
    }

    /// Returns the whole command set, which begins with its length.
    fn command(self) -> Vec<u8> {
        let mut command = Self::default();
        command.put(element::GROUP_LENGTH, &(self.0.len() as u32).to_le_bytes());
        command.0.extend(self.0);
        command.0
    }
}

/// Returns whether a text can be a UID: senders in use put more than digits and dots into them, so anything that is printed
/// and can do no harm will do.
pub(in crate::dicom) fn is_uid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= UID
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Returns a text's bytes, of an even number.
pub(in crate::dicom) fn padded(text: &str, with: u8) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(with);
    }
    bytes
}

fn number(value: &[u8]) -> Result<u16, &'static str> {
    let [low, high] = value else { return Err("a command's number does not have two bytes") };
    Ok(u16::from_le_bytes([*low, *high]))
}

/// Returns a text without its padding; whatever is no printable ASCII becomes a question mark.
fn text(value: &[u8]) -> String {
    let read: String = value
        .iter()
        .map(|byte| if matches!(byte, 0 | b' '..=b'~') { char::from(*byte) } else { '?' })
        .collect();
    read.trim_matches(['\0', ' ']).to_owned()
}
