//! Networks of callers, such as `192.168.0.0/24`.

use std::net::IpAddr;

/// A network: the addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `address/bits`. An address alone is a network of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(address, bits)| (address, Some(bits)));
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Self { first, bits })
    }

    /// True if an address belongs to the network.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let of = |address: IpAddr| match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32_u8),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let ((first, width), (other, other_width)) = (of(self.first), of(address));
        let rest = u32::from(width.saturating_sub(self.bits));
        width == other_width && (first ^ other).checked_shr(rest).unwrap_or(0) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn an_address_belongs_to_a_network_by_its_first_bits() {
        for (network, address, belongs) in [
            ("192.168.0.0/24", "192.168.0.77", true),
            ("192.168.0.0/24", "192.168.1.1", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(
                network.has(address.parse().unwrap()),
                belongs,
                "{network:?} {address}"
            );
        }
        for wrong in ["", "192.168.0.0/33", "shop", "192.168.0.0/x", "::/129"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
