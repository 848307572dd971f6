//! How receipts reach buyers, and what became of them: what deliveries and publications have in common.

use uuid::Uuid;

use super::contact::BuyerContact;

/// How a receipt is sent to a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryChannel {
    /// To an e-mail address.
    Mail,
    /// To a telephone number.
    Sms,
    /// As a page in a bucket.
    Bucket,
    /// To an eReceipt service.
    EReceipt,
}

impl DeliveryChannel {
    /// All channels.
    pub const ALL: [Self; 4] = [Self::Mail, Self::Sms, Self::Bucket, Self::EReceipt];

    /// The name of the channel in the store, in answers and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
            Self::Bucket => "bucket",
            Self::EReceipt => "ereceipt",
        }
    }

    /// True if every receipt is published there, whether its buyer wants it or not.
    #[must_use]
    pub const fn is_publication(self) -> bool {
        matches!(self, Self::Bucket | Self::EReceipt)
    }

    /// The channels over which a contact wants its receipt.
    pub fn wanted(contact: &BuyerContact) -> impl Iterator<Item = Self> + use<> {
        let (email, phone) = (contact.send_email, contact.send_phone);
        Self::ALL.into_iter().filter(move |channel| match channel {
            Self::Mail => email,
            Self::Sms => phone,
            Self::Bucket | Self::EReceipt => false,
        })
    }

    /// A contact for people: enough to recognise it, and not enough to use it.
    pub(super) fn shown(self, address: &str) -> String {
        match (self, address.split_once('@')) {
            (Self::Mail, Some((name, domain))) => {
                let first: String = name.chars().take(1).collect();
                format!("{first}***@{domain}")
            }
            _ => {
                let last = address.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
                format!("***{}", address.get(last..).unwrap_or_default())
            }
        }
    }
}

/// A receipt that waits to be sent to a buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingDelivery {
    /// The number of the delivery.
    pub id: i64,
    /// The request id of the document.
    pub document: Uuid,
    /// The device of the document.
    pub device: Uuid,
    /// Whether the document is sealed. If not, it was not registered.
    pub is_sealed: bool,
    /// Whether a copy of the receipt is sent.
    pub is_copy: bool,
    /// The e-mail address or the telephone number.
    pub address: String,
    /// The contact with stars, for people.
    pub shown: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was ordered, in milliseconds since the epoch.
    pub at_ms: i64,
}

/// What became of a receipt that is sent to a buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptDelivery {
    /// The name of the channel ([`DeliveryChannel::name`]).
    pub recipient: String,
    /// The contact with stars.
    pub shown: String,
    /// Whether a copy of the receipt is sent.
    pub is_copy: bool,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, in milliseconds since the epoch.
    pub again_at_ms: i64,
    /// When it was sent or given up, in milliseconds since the epoch.
    pub ended_at_ms: Option<i64>,
    /// What the last attempt failed with.
    pub last_error: Option<String>,
    /// Where the recipient shows the receipt, if it says so.
    pub link: Option<String>,
}

/// What an attempt to send a receipt has ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// It is sent.
    Sent {
        /// Where the recipient shows it, if it says so.
        link: Option<String>,
    },
    /// It cannot be sent, and is not tried again.
    Failed {
        /// Why.
        error: String,
    },
    /// It could not be sent now.
    Later {
        /// Why.
        error: String,
        /// When it is tried again, in milliseconds since the epoch.
        again_at_ms: i64,
    },
}

/// The receipts that can be sent now, and when the next one can; `next_ms` is `None` if no other waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueDeliveries {
    /// The oldest first.
    pub due: Vec<WaitingDelivery>,
    /// In milliseconds since the epoch.
    pub next_ms: Option<i64>,
    /// When the newest receipt was ordered whose document is not settled yet, in milliseconds since the epoch.
    pub unsettled_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::DeliveryChannel;

    #[test]
    fn a_contact_is_shown_with_stars() {
        for (channel, address, shown) in [
            (
                DeliveryChannel::Mail,
                "maria@shop.example",
                "m***@shop.example",
            ),
            (DeliveryChannel::Mail, "ș@b.md", "ș***@b.md"),
            (DeliveryChannel::Sms, "+37379000001", "***01"),
            (DeliveryChannel::Sms, "1", "***1"),
        ] {
            assert_eq!(channel.shown(address), shown);
        }
    }
}
