//! Public keys as OpenSSH writes them: a type, base64, a comment. The content is taken apart (RFC 4253 section 6.6,
//! RFC 5656 section 3.1, RFC 8709 section 4, OpenSSH's PROTOCOL.u2f), so that what is printed for sshd is a key and
//! nothing else.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use sha2::{Digest, Sha256};

use super::KeyError;
use crate::text::{clean, shortened};

/// Keys of one file, at most.
const MOST_KEYS: usize = 16;
/// Bits of an RSA key.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=16384;
/// Characters of a wrong word that are told.
const TOLD: usize = 40;

/// The fields of a key's content after its type.
#[derive(Debug, Clone, Copy)]
enum Content {
    Ed25519,
    /// The curve's name, and the bytes of a coordinate.
    Ecdsa(&'static str, usize),
    Rsa,
    /// On a token: the same, and the application behind it.
    TokenEd25519,
    TokenEcdsa,
}

/// The types that are taken.
const KINDS: [(&str, Content); 7] = [
    ("ssh-ed25519", Content::Ed25519),
    ("ecdsa-sha2-nistp256", Content::Ecdsa("nistp256", 32)),
    ("ecdsa-sha2-nistp384", Content::Ecdsa("nistp384", 48)),
    ("ecdsa-sha2-nistp521", Content::Ecdsa("nistp521", 66)),
    ("ssh-rsa", Content::Rsa),
    ("sk-ssh-ed25519@openssh.com", Content::TokenEd25519),
    ("sk-ecdsa-sha2-nistp256@openssh.com", Content::TokenEcdsa),
];

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: &'static str,
    base64: String,
    fingerprint: String,
}

impl PublicKey {
    /// Reads a line: a type, base64, and a comment that nobody reads.
    ///
    /// # Errors
    /// It is no key of a type that is taken.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        let mut words = line.split_whitespace();
        let first = words.next().ok_or(KeyError::Empty)?;
        let Some(&(kind, content)) = KINDS.iter().find(|(kind, _)| *kind == first) else {
            let told = shortened(&clean(first), TOLD);
            let is_kind = ["ssh-", "ecdsa-", "sk-"].iter().any(|begin| first.starts_with(begin));
            return Err(if is_kind { KeyError::Kind(told) } else { KeyError::Options(told) });
        };
        let written = words.next().ok_or(KeyError::Base64)?;
        let blob = STANDARD.decode(written).map_err(|_| KeyError::Base64)?;
        check(kind, content, &blob)?;
        let fingerprint = format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&blob)));
        Ok(Self { kind, base64: STANDARD.encode(&blob), fingerprint })
    }

    /// "ssh-ed25519".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Its type and its content in base64, as a line without a comment.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.kind, self.base64)
    }

    /// "SHA256:" and 43 characters, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// The keys of a file, a line each; empty lines and comments are passed over.
///
/// # Errors
/// One of them is no key that is taken, or there is none.
pub fn keys_of_file(text: &str) -> Result<Vec<PublicKey>, KeyError> {
    if text.contains("-----BEGIN") {
        return Err(KeyError::Private);
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<PublicKey> = lines.take(MOST_KEYS + 1).map(PublicKey::parse).collect::<Result<_, _>>()?;
    match keys.len() {
        0 => Err(KeyError::Empty),
        1..=MOST_KEYS => Ok(keys),
        _ => Err(KeyError::Many(MOST_KEYS)),
    }
}

fn check(kind: &'static str, content: Content, blob: &[u8]) -> Result<(), KeyError> {
    let mut fields = Fields(blob);
    let is_so = |found: Option<bool>| match found {
        Some(true) => Ok(()),
        _ => Err(KeyError::Content(kind)),
    };
    is_so(fields.next().map(|name| name == kind.as_bytes()))?;
    match content {
        Content::Ed25519 | Content::TokenEd25519 => is_so(fields.next().map(|key| key.len() == 32))?,
        Content::Ecdsa(curve, bytes) => is_so(fields.point(curve, bytes))?,
        Content::TokenEcdsa => is_so(fields.point("nistp256", 32))?,
        Content::Rsa => {
            is_so(fields.next().map(|exponent| !exponent.is_empty()))?;
            let modulus = fields.next().ok_or(KeyError::Content(kind))?;
            let bits = bits(modulus);
            if !RSA_BITS.contains(&bits) {
                return Err(KeyError::Size(bits));
            }
        }
    }
    if matches!(content, Content::TokenEd25519 | Content::TokenEcdsa) {
        is_so(fields.next().map(|application| !application.is_empty()))?;
    }
    is_so(Some(fields.0.is_empty()))
}

/// Returns how many bits a number has, whose bytes begin with the highest.
fn bits(number: &[u8]) -> usize {
    let number = &number[number.iter().take_while(|byte| **byte == 0).count()..];
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// The fields of a key's content: each has its length before it, in four bytes.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (field, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.0 = rest;
        Some(field)
    }

    /// Returns whether a curve of that name and an uncompressed point on one of that size follow.
    fn point(&mut self, curve: &str, bytes: usize) -> Option<bool> {
        let name = self.next()?;
        let point = self.next()?;
        Some(name == curve.as_bytes() && point.len() == 1 + 2 * bytes && point[0] == 4)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A key of ssh-keygen's, and its fingerprint by `ssh-keygen -l`.
    pub(crate) const ANNA: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMSHkbY1eAQRHQIZOwHvmP1QrObjJ05t7atVVCY6Jk+ anna@desk";
    pub(crate) const ANNAS: &str = "SHA256:dbQyWIT0oLoHEyrnT1CI8WsAIpDP3BRRbULFG6f9bEs";

    fn line(kind: &str, fields: &[&[u8]]) -> String {
        let mut blob = Vec::new();
        for field in std::iter::once(kind.as_bytes()).chain(fields.iter().copied()) {
            blob.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
            blob.extend(field);
        }
        format!("{kind} {}", STANDARD.encode(blob))
    }

    #[test]
    fn keys_of_each_type_are_taken_and_nothing_that_only_looks_like_one() {
        let (short, point, number) =
            ([7; 32], [&[4][..], &[1; 64]].concat(), [&[0][..], &[255; 384]].concat());
        let curve: &[u8] = b"nistp256";
        for (kind, fields) in [
            ("ssh-ed25519", vec![&short[..]]),
            ("ecdsa-sha2-nistp256", vec![curve, &point]),
            ("ssh-rsa", vec![&[1, 0, 1], &number]),
            ("sk-ssh-ed25519@openssh.com", vec![&short, b"ssh:"]),
            ("sk-ecdsa-sha2-nistp256@openssh.com", vec![curve, &point, b"ssh:"]),
        ] {
            let good = line(kind, &fields);
            assert_eq!(PublicKey::parse(&good).unwrap().kind(), kind);
            // Something behind the last field, a field less, another type's name before the content.
            let behind = line(kind, &[&fields[..], &[&[1]]].concat());
            let less = line(kind, &fields[..fields.len() - 1]);
            let (_, content) = good.split_once(' ').unwrap();
            let other = if kind == "ssh-rsa" { "ssh-ed25519" } else { "ssh-rsa" };
            for bad in [behind, less, format!("{other} {content}")] {
                assert!(matches!(PublicKey::parse(&bad), Err(KeyError::Content(_))), "{bad}");
            }
        }
        assert_eq!(PublicKey::parse(&line("ssh-rsa", &[&[3], &[255; 128]])), Err(KeyError::Size(1024)));
        assert_eq!(PublicKey::parse(&line("ssh-dss", &[])), Err(KeyError::Kind("ssh-dss".to_owned())));
    }

    #[test]
    fn a_key_is_known_by_the_fingerprint_that_ssh_keygen_prints() {
        let key = PublicKey::parse(ANNA).unwrap();
        assert_eq!((key.kind(), key.fingerprint()), ("ssh-ed25519", ANNAS));
        assert_eq!(ANNA, format!("{} anna@desk", key.line()));
    }

    #[test]
    fn a_file_says_what_is_wrong_with_it() {
        let options = format!("command=\"sh\" {ANNA}");
        for (text, wrong) in [
            ("", KeyError::Empty),
            ("# only a comment\n\n", KeyError::Empty),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n", KeyError::Private),
            (&options, KeyError::Options("command=\"sh\"".to_owned())),
            ("no-pty,\u{1b}[2J ssh-rsa", KeyError::Options("no-pty,[2J".to_owned())),
            ("ssh-ed25519", KeyError::Base64),
            ("ssh-ed25519 AAAA*", KeyError::Base64),
            ("ssh-ed25519 AAAA", KeyError::Content("ssh-ed25519")),
        ] {
            assert_eq!(keys_of_file(text), Err(wrong), "{text}");
        }
        let many = format!("{ANNA}\n").repeat(17);
        assert_eq!(keys_of_file(&many), Err(KeyError::Many(16)));
    }

    proptest! {
        #[test]
        fn no_content_brings_the_reader_down(at in 0..7_usize, blob in prop::collection::vec(any::<u8>(), 0..80)) {
            let (kind, _) = KINDS[at];
            let _ = PublicKey::parse(&format!("{kind} {}", STANDARD.encode(&blob)));
            let named = [&(kind.len() as u32).to_be_bytes()[..], kind.as_bytes(), &blob].concat();
            let _ = PublicKey::parse(&format!("{kind} {}", STANDARD.encode(named)));
        }
    }
}
