//! The thread of one channel: it sends what is due, and notes what came of it.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use ferrotill_store::{DeliveryChannel, DeliveryEnd, DueDeliveries, WaitingDelivery};

use super::letter::Letter;
use super::{CarrierFault, Channel, Parts, Way};
use crate::clerk::Message;
use crate::status::problems::{HealthProblem, ProblemKind};

/// The pause of a channel whose server is away. Only one receipt is tried after each pause, so that many that wait do not ask the
/// server again and again.
#[derive(Debug, Default)]
struct AwayPause {
    attempts: usize,
    /// In milliseconds since the epoch.
    until_ms: i64,
}

impl AwayPause {
    /// What is left of the pause at a time.
    fn left(&self, now_ms: i64) -> Option<Duration> {
        // A clock that was set back makes no pause longer.
        let left_ms = self.until_ms.saturating_sub(now_ms).min(AWAY_MS_MAX);
        (left_ms > 0).then(|| Duration::from_millis(left_ms.unsigned_abs()))
    }

    /// The server is away once more. Returns the length of the pause in milliseconds.
    fn lengthen(&mut self, now_ms: i64) -> i64 {
        let pause_ms = pause_ms(self.attempts).min(AWAY_MS_MAX);
        self.attempts = self.attempts.saturating_add(1);
        self.until_ms = now_ms.saturating_add(pause_ms);
        pause_ms
    }
}

/// Sends what waits on a channel until nothing waits any more, or the agent ends.
pub(super) fn run(parts: &Weak<Parts>, place: usize) {
    let mut away = AwayPause::default();
    loop {
        let Some(parts) = parts.upgrade() else { return };
        let Some(channel) = parts.channels.get(place) else {
            return;
        };
        if parts.is_stopping.load(Ordering::Acquire) {
            return;
        }
        channel.is_woken.store(false, Ordering::Release);
        let pause = away
            .left(parts.guard.now().utc_ms)
            .or_else(|| parts.turn(channel, &mut away));
        if let Some(pause) = pause {
            drop(parts);
            std::thread::park_timeout(pause);
            continue;
        }
        let mut thread = channel.thread.lock();
        if !channel.is_woken.load(Ordering::Acquire) {
            *thread = None;
            return;
        }
    }
}

impl Parts {
    /// Sends what is due. Returns how long to wait for the next, or `None` if nothing waits.
    fn turn(&self, channel: &Channel, away: &mut AwayPause) -> Option<Duration> {
        let now_ms = self.guard.now().utc_ms;
        let DueDeliveries {
            due,
            next_ms,
            unsettled_ms,
        } = match self
            .reader
            .due_deliveries(channel.channel, now_ms, PAUSE_MS_MAX)
        {
            Ok(due) => due,
            Err(error) => {
                tracing::error!("the receipts for buyers could not be read: {error}");
                return Some(READ_AGAIN);
            }
        };
        for delivery in &due {
            if self.is_stopping.load(Ordering::Acquire)
                || away.left(self.guard.now().utc_ms).is_some()
            {
                return Some(Duration::ZERO);
            }
            let end = if delivery.is_sealed {
                self.attempt(channel, delivery, away)
            } else {
                let error = "the document was not registered".to_owned();
                DeliveryEnd::Failed { error }
            };
            if !self.note(channel.channel, delivery, &end) {
                return Some(READ_AGAIN);
            }
        }
        if !due.is_empty() {
            return Some(Duration::ZERO);
        }
        // A document is usually settled at once; one that waits for a printer is looked at less and less often.
        let unsettled = unsettled_ms.map(|at_ms| {
            let age_ms = now_ms.saturating_sub(at_ms);
            let pause_ms = age_ms.checked_div(8).unwrap_or_default();
            pause_ms.clamp(SEAL_PAUSE_MS.0, SEAL_PAUSE_MS.1)
        });
        let next = next_ms.map(|next_ms| next_ms.saturating_sub(now_ms).clamp(1, PAUSE_MS_MAX));
        let pause_ms = unsettled.into_iter().chain(next).min()?;
        Some(Duration::from_millis(pause_ms.unsigned_abs()))
    }

    /// Sends one receipt, and says in log and health what came of it.
    fn attempt(
        &self,
        channel: &Channel,
        delivery: &WaitingDelivery,
        away_pause: &mut AwayPause,
    ) -> DeliveryEnd {
        let name = channel.channel.name();
        let (document, shown) = (delivery.document, &delivery.shown);
        let next_ms = pause_ms(usize::try_from(delivery.attempts).unwrap_or(usize::MAX));
        let [away, failed] = problem_kinds(channel.channel);
        let problems = self.live_status.problems();
        let sent = self.send(channel, delivery);
        if !matches!(sent, Err(CarrierFault::Away(_))) {
            problems.clear(away, None);
            *away_pause = AwayPause::default();
        }
        match sent {
            Ok(link) => {
                problems.clear(failed, None);
                match channel.way {
                    Way::Letters(_) => {
                        tracing::info!(event = "receipt_sent", recipient = name, %document, to = shown, "a receipt was sent to the buyer");
                    }
                    Way::Publication(_) => {
                        tracing::info!(event = "receipt_published", recipient = name, %document, "a receipt was published");
                    }
                }
                DeliveryEnd::Sent { link }
            }
            Err(CarrierFault::Away(error)) => {
                let error = without_contact(&error, delivery);
                let (says, section) = match channel.channel {
                    DeliveryChannel::Mail | DeliveryChannel::Sms => {
                        (format!("receipts cannot be sent by {name}: {error}"), name)
                    }
                    DeliveryChannel::Bucket => (
                        format!("receipts cannot be published in the bucket: {error}"),
                        "ereceipt.bucket",
                    ),
                    DeliveryChannel::EReceipt => (
                        format!("receipts cannot be published at the eReceipt service: {error}"),
                        "ereceipt.service",
                    ),
                };
                let fix = format!("check the server, and [{section}] in the configuration");
                self.raise(away, says, fix);
                let pause_ms = away_pause.lengthen(self.guard.now().utc_ms);
                self.later(channel.channel, delivery, (error, pause_ms))
            }
            Err(CarrierFault::Later(error)) => {
                let error = without_contact(&error, delivery);
                tracing::info!(event = "receipt_waits", recipient = name, %document, to = shown, "a receipt is sent later: {error}");
                self.later(channel.channel, delivery, (error, next_ms))
            }
            Err(CarrierFault::Never(error)) => {
                self.never(channel.channel, delivery, without_contact(&error, delivery))
            }
        }
    }

    /// Gives one receipt to its channel. Returns where the recipient shows it, if it says so.
    fn send(
        &self,
        channel: &Channel,
        delivery: &WaitingDelivery,
    ) -> Result<Option<String>, CarrierFault> {
        let unreadable = || {
            let error = "the receipt cannot be read; run `ferrotill verify`";
            CarrierFault::Never(error.to_owned())
        };
        match &channel.way {
            Way::Letters(carrier) => {
                let letter = self.letter(delivery).map_err(CarrierFault::Later)?;
                carrier.send(&letter.ok_or_else(unreadable)?).map(|()| None)
            }
            Way::Publication(publisher) => {
                let Some(source) = self.source.get() else {
                    return Err(CarrierFault::Later("the till is starting".to_owned()));
                };
                publisher.publish(&**source, delivery.document)
            }
        }
    }

    fn letter(&self, delivery: &WaitingDelivery) -> Result<Option<Letter>, String> {
        let stored = self.reader.find(None, delivery.document);
        let stored = stored.map_err(|error| error.to_string())?;
        Ok(stored.and_then(|stored| Letter::of(&stored, delivery, &self.shop)))
    }

    /// The next attempt, or the end if the receipt has waited for too long.
    fn later(
        &self,
        channel: DeliveryChannel,
        delivery: &WaitingDelivery,
        (error, pause_ms): (String, i64),
    ) -> DeliveryEnd {
        let now_ms = self.guard.now().utc_ms;
        let is_old = now_ms.saturating_sub(delivery.at_ms) > GIVEN_UP_AFTER_MS;
        // Its address is on paper since the sale, so that a receipt is published however long the network was away.
        if is_old && !channel.is_publication() {
            return self.never(channel, delivery, error);
        }
        DeliveryEnd::Later {
            error,
            again_at_ms: now_ms.saturating_add(pause_ms),
        }
    }

    fn never(
        &self,
        channel: DeliveryChannel,
        delivery: &WaitingDelivery,
        error: String,
    ) -> DeliveryEnd {
        let [_, failed] = problem_kinds(channel);
        let name = channel.name();
        let (document, shown) = (delivery.document, &delivery.shown);
        if channel.is_publication() {
            tracing::warn!(event = "receipt_not_published", recipient = name, %document, "a receipt is not published: {error}");
            let says = format!("the receipt {document} was not published ({name}): {error}");
            let fix = "give the buyer a copy on paper; the till has the receipt";
            self.raise(failed, says, fix.to_owned());
            return DeliveryEnd::Failed { error };
        }
        tracing::warn!(event = "receipt_not_sent", recipient = name, %document, to = shown, "a receipt is not sent to the buyer: {error}");
        let says = format!("the receipt {document} was not sent to {shown} by {name}: {error}");
        let fix = "give the buyer a copy on paper, or send it again with another address";
        self.raise(failed, says, fix.to_owned());
        DeliveryEnd::Failed { error }
    }

    fn raise(&self, kind: ProblemKind, says: String, fix: String) {
        self.live_status.problems().raise(HealthProblem {
            kind,
            device: None,
            since_ms: self.guard.now().utc_ms,
            says,
            fix,
        });
    }

    /// Notes in the store what an attempt has ended with, and waits until it is on disk: a receipt that is sent and not noted would be
    /// sent again. False if the agent ends.
    fn note(
        &self,
        channel: DeliveryChannel,
        delivery: &WaitingDelivery,
        end: &DeliveryEnd,
    ) -> bool {
        loop {
            let (reply, noted) = sync_channel(1);
            self.clerk_handle.send(Message::DeliveryEnded {
                channel,
                id: delivery.id,
                end: end.clone(),
                reply,
            });
            if noted.recv_timeout(NOTE_WAIT) == Ok(true) {
                return true;
            }
            if self.is_stopping.load(Ordering::Acquire) {
                return false;
            }
            std::thread::park_timeout(READ_AGAIN);
        }
    }
}

/// The problems of a channel: that its server is away, and that a receipt was given up.
const fn problem_kinds(channel: DeliveryChannel) -> [ProblemKind; 2] {
    match channel {
        DeliveryChannel::Mail => [ProblemKind::MAIL_AWAY, ProblemKind::MAIL_FAILED],
        DeliveryChannel::Sms => [ProblemKind::SMS_AWAY, ProblemKind::SMS_FAILED],
        DeliveryChannel::Bucket => [ProblemKind::BUCKET_AWAY, ProblemKind::BUCKET_FAILED],
        DeliveryChannel::EReceipt => [ProblemKind::ERECEIPT_AWAY, ProblemKind::ERECEIPT_FAILED],
    }
}

/// The pause after so many attempts, in milliseconds.
fn pause_ms(attempts: usize) -> i64 {
    PAUSES_MS.get(attempts).copied().unwrap_or(PAUSE_MS_MAX)
}

/// What a server has answered, on one line and without the contact, which servers repeat in their answers.
fn without_contact(error: &str, delivery: &WaitingDelivery) -> String {
    let plain: String = error
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    // A lower-case text has other lengths in a few languages, so only ASCII letters are compared without their case.
    let mut left = plain.as_str();
    let mut text = String::new();
    let address = delivery.address.as_str();
    let bare = address.split_once('@').map_or(address, |(name, _)| name);
    while let Some(letter) = left.chars().next() {
        let found = [address, bare].into_iter().find(|contact| {
            let start = left.get(..contact.len());
            contact.len() >= CONTACT_BYTES_MIN
                && start.is_some_and(|start| start.eq_ignore_ascii_case(contact))
        });
        let (length, shown) = match found {
            Some(contact) => (contact.len(), delivery.shown.as_str()),
            None => (
                letter.len_utf8(),
                left.get(..letter.len_utf8()).unwrap_or(""),
            ),
        };
        text.push_str(shown);
        left = left.get(length..).unwrap_or_default();
    }
    text.chars().take(ERROR_LETTERS_MAX).collect()
}

/// The pauses after the first attempts, in milliseconds: two seconds to a quarter of an hour; then an hour.
const PAUSES_MS: [i64; 5] = [2_000, 10_000, 60_000, 300_000, AWAY_MS_MAX];
const PAUSE_MS_MAX: i64 = 3_600_000;
/// The longest pause before a server that is away is asked again.
const AWAY_MS_MAX: i64 = 900_000;
/// How long a receipt is tried: two days, because mail servers are repaired on the next working day.
const GIVEN_UP_AFTER_MS: i64 = 2 * 86_400_000;
/// The shortest and the longest pause before a document that is not settled is looked at again, in milliseconds.
const SEAL_PAUSE_MS: (i64, i64) = (250, 15_000);
/// The pause after the store could not be read or written.
const READ_AGAIN: Duration = Duration::from_secs(2);
/// How long the clerk may take to write what became of a receipt.
const NOTE_WAIT: Duration = Duration::from_secs(30);
/// The longest text of an answer that is kept.
const ERROR_LETTERS_MAX: usize = 300;
/// The shortest name before the `@` that is hidden where it stands alone: a shorter one is in many words.
const CONTACT_BYTES_MIN: usize = 3;

#[cfg(test)]
mod tests {
    use ferrotill_store::WaitingDelivery;
    use uuid::Uuid;

    use super::without_contact;

    #[test]
    fn the_answer_of_a_server_is_kept_without_the_contact() {
        let delivery = WaitingDelivery {
            id: 1,
            document: Uuid::nil(),
            device: Uuid::nil(),
            is_sealed: true,
            is_copy: false,
            address: "maria@shop.example".to_owned(),
            shown: "m***@shop.example".to_owned(),
            attempts: 0,
            at_ms: 0,
        };
        for (answer, kept) in [
            (
                "550 <Maria@Shop.example>\r\nno",
                "550 <m***@shop.example>  no",
            ),
            ("550 MARIA is unknown", "550 m***@shop.example is unknown"),
            ("550 căsuța nu există", "550 căsuța nu există"),
        ] {
            assert_eq!(without_contact(answer, &delivery), kept);
        }
        let long = "x".repeat(1_000);
        assert_eq!(without_contact(&long, &delivery).len(), 300);
    }
}
