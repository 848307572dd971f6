//! Reads the journal in its order and checks its chain.

use std::path::Path;

use ferrotill_core::event::Event;
use rusqlite::{Connection, OptionalExtension};

use super::chain::{ChainKey, GENESIS, Link, Mac};
use super::{Context, StoreError};

/// Reads the journal after a row, checks the chain, and calls `take` for each event with device, row and event.
pub(super) fn replay(
    connection: &Connection,
    path: &Path,
    key: &ChainKey,
    after: i64,
    mut take: impl FnMut(&[u8], i64, &Event<'_>),
) -> Result<(), StoreError> {
    let mut previous: Mac = if after == 0 {
        GENESIS
    } else {
        connection
            .query_row("SELECT mac FROM journal WHERE seq = ?1", [after], |row| {
                row.get(0)
            })
            .optional()
            .context(path, "journal")?
            .ok_or(StoreError::ChainBroken { seq: after })?
    };
    let mut statement = connection
        .prepare_cached("SELECT seq, device, at, kind, version, payload, mac FROM journal WHERE seq > ?1 ORDER BY seq")
        .context(path, "journal")?;
    let mut rows = statement.query([after]).context(path, "journal")?;
    let mut expected = after;
    while let Some(row) = rows.next().context(path, "journal")? {
        expected = expected.saturating_add(1);
        let seq: i64 = row.get(0).context(path, "journal")?;
        let broken = StoreError::ChainBroken { seq: expected };
        let device = row
            .get_ref(1)
            .context(path, "journal")?
            .as_blob()
            .unwrap_or_default();
        let payload = row
            .get_ref(5)
            .context(path, "journal")?
            .as_blob()
            .unwrap_or_default();
        let link = Link {
            seq,
            device,
            at: row.get(2).context(path, "journal")?,
            kind: row.get(3).context(path, "journal")?,
            version: row.get(4).context(path, "journal")?,
            payload,
        };
        let mac: Mac = row.get(6).context(path, "journal")?;
        if seq != expected || key.mac(&previous, &link) != mac {
            return Err(broken);
        }
        previous = mac;
        let event = Event::decode(link.kind, link.version, payload)
            .map_err(|source| StoreError::Unreadable { seq, source })?;
        take(device, seq, &event);
    }
    Ok(())
}
