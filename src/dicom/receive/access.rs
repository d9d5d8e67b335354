//! The list of those who may send.

use std::{collections::BTreeMap, net::IpAddr};

use crate::dicom::title_words;

/// The senders that are known, by AE title, each with the addresses that it may come from. Empty: anybody may send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peers(BTreeMap<String, Vec<Network>>);

/// An address, or all addresses that begin alike. `any` is all there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Every address.
    Any,
    /// The addresses that have the first `bits` bits in common with `address`.
    Of {
        /// One of them.
        address: IpAddr,
        /// How many bits count.
        bits: u8,
    },
}

impl Network {
    /// Reads `any`, `10.1.2.3`, `10.1.2.0/24` or `fd00::/8`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("any") {
            return Some(Self::Any);
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self::Of { address, bits })
    }

    fn contains(&self, other: IpAddr) -> bool {
        // An IPv4 peer of a socket that takes both has an address like ::ffff:10.1.2.3.
        match (*self, other.to_canonical()) {
            (Self::Any, _) => true,
            (Self::Of { address: IpAddr::V4(ours), bits }, IpAddr::V4(theirs)) => {
                (ours.to_bits() ^ theirs.to_bits()).leading_zeros() >= bits.into()
            }
            (Self::Of { address: IpAddr::V6(ours), bits }, IpAddr::V6(theirs)) => {
                (ours.to_bits() ^ theirs.to_bits()).leading_zeros() >= bits.into()
            }
            _ => false,
        }
    }
}

/// The reason why a sender is not let in, and what to do. The title is ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AccessError {
    #[error("{title} is not on the list: add it to [receive.peers]")]
    Unknown { title: String },
    #[error("{title} may not send from {address}: add the address to it in [receive.peers]")]
    OtherAddress { title: String, address: IpAddr },
}

impl Peers {
    /// Adds a sender.
    pub fn add(&mut self, title: &str, networks: Vec<Network>) {
        self.0.entry(title.trim().to_owned()).or_default().extend(networks);
    }

    /// Returns whether anybody may send.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets a sender in, or says why not and what to do.
    pub(super) fn check(&self, title: &str, address: IpAddr) -> Result<(), AccessError> {
        if self.is_open() {
            return Ok(());
        }
        let shown = || title_words(title);
        match self.0.get(title) {
            None => Err(AccessError::Unknown { title: shown() }),
            Some(networks) if networks.iter().any(|network| network.contains(address)) => Ok(()),
            Some(_) => Err(AccessError::OtherAddress { title: shown(), address: address.to_canonical() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_let_in_by_title_and_address() {
        let mut peers = Peers::default();
        assert_eq!(peers.check("ANYBODY", "192.0.2.1".parse().unwrap()), Ok(()), "an empty list is open");
        let networks = |text: &[&str]| text.iter().map(|text| Network::parse(text).unwrap()).collect();
        peers.add("CR-1", networks(&["10.1.2.3", "10.9.0.0/16"]));
        peers.add("DX 2", networks(&["fd00::/8"]));
        peers.add("PACS", networks(&["any"]));
        for (title, address, is_let_in) in [
            ("CR-1", "10.1.2.3", true),
            ("CR-1", "::ffff:10.1.2.3", true),
            ("CR-1", "10.9.200.1", true),
            ("CR-1", "10.1.2.4", false),
            ("CR-1", "::1", false),
            ("cr-1", "10.1.2.3", false),
            ("DX 2", "fd12::1", true),
            ("DX 2", "fe80::1", false),
            ("PACS", "203.0.113.9", true),
            ("CT-2", "10.1.2.3", false),
            ("", "10.1.2.3", false),
        ] {
            assert_eq!(peers.check(title, address.parse().unwrap()).is_ok(), is_let_in, "{title} {address}");
        }
        let said = peers.check("CT-2", "10.1.2.3".parse().unwrap()).unwrap_err();
        assert_eq!(said.to_string(), "CT-2 is not on the list: add it to [receive.peers]");
    }

    #[test]
    fn networks_are_read_as_people_write_them() {
        for text in ["10.1.2.3", "10.1.2.0/24", "0.0.0.0/0", "::1", "fd00::/8", "any", " ANY "] {
            assert!(Network::parse(text).is_some(), "{text}");
        }
        for text in ["", "10.1.2", "10.1.2.0/33", "::/129", "host.example", "10.1.2.3/", "10.1.2.3/-1"] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
    }
}
