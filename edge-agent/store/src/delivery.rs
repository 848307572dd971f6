//! Receipts that are sent to buyers by mail or by telephone, or are published, beside the journal.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::channel::{
    DeliveryChannel, DeliveryEnd, DueDeliveries, ReceiptDelivery, WaitingDelivery,
};
use super::contact::BuyerContact;
use super::query::Reader;
use super::{StoreError, publication};

/// Adds what the contact of a document asks for.
pub(super) fn order(
    connection: &Connection,
    reserved_seq: i64,
    at: i64,
    contact: &BuyerContact,
    is_copy: bool,
) -> Result<(), rusqlite::Error> {
    let wanted = [
        (DeliveryChannel::Mail, contact.send_email, &contact.email),
        (DeliveryChannel::Sms, contact.send_phone, &contact.phone),
    ];
    for (channel, is_wanted, address) in wanted {
        let Some(address) = address.as_ref().filter(|_| is_wanted) else {
            continue;
        };
        connection
            .prepare_cached(
                "INSERT INTO delivery (reserved_seq, recipient, is_copy, address, shown, state, at, again_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?6)",
            )?
            .execute(params![
                reserved_seq,
                channel.name(),
                is_copy,
                address,
                channel.shown(address),
                at
            ])?;
    }
    Ok(())
}

/// Gives up what still waits of orders before a time, and erases its contacts.
pub(super) fn give_up(connection: &Connection, before: i64) -> Result<(), rusqlite::Error> {
    let is_due: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE state = 'waiting' AND at < ?1)",
        )?
        .query_row([before], |row| row.get(0))?;
    if !is_due {
        return Ok(());
    }
    connection.pragma_update(None, "secure_delete", true)?;
    let given_up = connection.execute(
        "UPDATE delivery SET state = 'failed', address = NULL, ended_at = ?1, last_error = 'the contact was erased' \
         WHERE state = 'waiting' AND at < ?1",
        [before],
    );
    connection.pragma_update(None, "secure_delete", false)?;
    given_up.map(drop)
}

/// Orders copies of a sealed document for a buyer. False if there is no such document.
pub(super) fn order_copy(
    connection: &Connection,
    document: Uuid,
    at: i64,
    contact: &BuyerContact,
) -> Result<bool, rusqlite::Error> {
    let reserved_seq: Option<i64> = connection
        .prepare_cached(
            "SELECT reserved_seq FROM request JOIN document USING (reserved_seq) WHERE request.id = ?1 AND state = 'sealed'",
        )?
        .query_row([document.as_bytes()], |row| row.get(0))
        .optional()?;
    match reserved_seq {
        Some(reserved_seq) => order(connection, reserved_seq, at, contact, true).map(|()| true),
        None => Ok(false),
    }
}

/// Stores what an attempt has ended with. The contact of a delivery that has ended is erased, and overwritten in the file.
pub(super) fn end(
    connection: &Connection,
    (channel, id): (DeliveryChannel, i64),
    end: &DeliveryEnd,
    at: i64,
) -> Result<(), rusqlite::Error> {
    if channel.is_publication() {
        return publication::end(connection, id, end, at);
    }
    let (state, error, again_at) = match end {
        DeliveryEnd::Sent { .. } => ("sent", None, None),
        DeliveryEnd::Failed { error } => ("failed", Some(error), None),
        DeliveryEnd::Later { error, again_at_ms } => ("waiting", Some(error), Some(*again_at_ms)),
    };
    connection.pragma_update(None, "secure_delete", true)?;
    let stored = connection.execute(
        "UPDATE delivery SET state = ?2, attempts = attempts + 1, last_error = ?3, again_at = coalesce(?4, again_at), \
         address = CASE WHEN ?2 = 'waiting' THEN address END, \
         ended_at = CASE WHEN ?2 = 'waiting' THEN NULL ELSE ?5 END \
         WHERE id = ?1 AND state = 'waiting'",
        params![id, state, error, again_at, at],
    );
    connection.pragma_update(None, "secure_delete", false)?;
    stored.map(drop)
}

impl Reader {
    /// The receipts that can be sent over a channel now: sixteen at most. A receipt whose time is more than the longest pause ahead is
    /// due too, because the clock was set back meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn due_deliveries(
        &self,
        channel: DeliveryChannel,
        now_ms: i64,
        pause_ms_max: i64,
    ) -> Result<DueDeliveries, StoreError> {
        self.with("deliveries", |connection| {
            let latest_ms = now_ms.saturating_add(pause_ms_max);
            if channel.is_publication() {
                return publication::due(connection, channel, (now_ms, latest_ms));
            }
            let mut due = connection.prepare_cached(
                "SELECT delivery.id, document.id, device, document.state = 'sealed', is_copy, address, shown, attempts, delivery.at FROM delivery \
                 JOIN document ON document.reserved_seq = delivery.reserved_seq \
                 WHERE recipient = ?1 AND delivery.state = 'waiting' AND (again_at <= ?2 OR again_at > ?3) AND document.state <> 'reserved' ORDER BY again_at, delivery.id LIMIT 16",
            )?;
            let due = due.query_map(params![channel.name(), now_ms, latest_ms], waiting_delivery)?;
            let next_ms = connection
                .prepare_cached(
                    "SELECT MIN(again_at) FROM delivery WHERE recipient = ?1 AND state = 'waiting' AND again_at > ?2",
                )?
                .query_row(params![channel.name(), now_ms], |row| row.get(0))?;
            let unsettled_ms = connection
                .prepare_cached(
                    "SELECT MAX(delivery.at) FROM delivery JOIN document ON document.reserved_seq = delivery.reserved_seq \
                     WHERE recipient = ?1 AND delivery.state = 'waiting' AND document.state = 'reserved'",
                )?
                .query_row([channel.name()], |row| row.get(0))?;
            Ok(DueDeliveries {
                due: due.collect::<Result<_, _>>()?,
                next_ms,
                unsettled_ms,
            })
        })
    }

    /// What became of the receipts that are sent to the buyer of a document, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn receipt_deliveries(
        &self,
        reserved_seq: i64,
    ) -> Result<Vec<ReceiptDelivery>, StoreError> {
        self.with("deliveries", |connection| {
            connection
                .prepare_cached(
                    "SELECT recipient, shown, is_copy, state, attempts, again_at, ended_at, last_error FROM delivery \
                     WHERE reserved_seq = ?1 ORDER BY id LIMIT 100",
                )?
                .query_map([reserved_seq], |row| {
                    Ok(ReceiptDelivery {
                        recipient: row.get(0)?,
                        shown: row.get(1)?,
                        is_copy: row.get(2)?,
                        state: row.get(3)?,
                        attempts: row.get(4)?,
                        again_at_ms: row.get(5)?,
                        ended_at_ms: row.get(6)?,
                        last_error: row.get(7)?,
                        link: None,
                    })
                })?
                .collect()
        })
    }

    /// What became of the publications of a document or of an uploaded receipt, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn publications(&self, receipt: Uuid) -> Result<Vec<ReceiptDelivery>, StoreError> {
        self.with("deliveries", |connection| {
            publication::of_receipt(connection, receipt)
        })
    }
}

/// True if a receipt waits to be sent over a channel.
pub(super) fn has_waiting(
    connection: &Connection,
    channel: DeliveryChannel,
) -> rusqlite::Result<bool> {
    if channel.is_publication() {
        return publication::has_waiting(connection, channel);
    }
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE recipient = ?1 AND state = 'waiting')",
        )?
        .query_row([channel.name()], |row| row.get(0))
}

fn waiting_delivery(row: &Row<'_>) -> Result<WaitingDelivery, rusqlite::Error> {
    Ok(WaitingDelivery {
        id: row.get(0)?,
        document: Uuid::from_bytes(row.get(1)?),
        device: Uuid::from_bytes(row.get(2)?),
        is_sealed: row.get(3)?,
        is_copy: row.get(4)?,
        address: row.get(5)?,
        shown: row.get(6)?,
        attempts: row.get(7)?,
        at_ms: row.get(8)?,
    })
}
