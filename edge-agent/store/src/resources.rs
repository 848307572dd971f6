//! The resources that a compatible API has created, as the journal has them: signature units, cash registers and what belongs to them.

use std::collections::BTreeMap;

use ferrotill_core::event::{Event, ResourceChanged, ResourceKind, ResourceState};
use ferrotill_core::id::DocumentId;
use rusqlite::Connection;
use uuid::Uuid;

use super::journal::{Batch, Store};
use super::query::Reader;
use super::{Context, StoreError};

/// A resource as the journal has it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResource {
    /// What the resource is.
    pub kind: ResourceKind,
    /// Its id; of a cash register, the id of its device.
    pub id: Uuid,
    /// Its state.
    pub state: ResourceState,
    /// What the API keeps of it, as JSON.
    pub details: String,
    /// What the API kept of it when it was created.
    pub created_with: String,
    /// When it has got each of its states, in milliseconds since the epoch: the first time, or, of an outage, the last.
    pub times: BTreeMap<ResourceState, i64>,
}

/// All resources of a folder, in the order of their creation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceBook(Vec<StoredResource>);

impl StoredResource {
    /// Whether the resource is a device of the configuration, and no caller has created it.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.created_with == CONFIGURED_DETAILS
    }
}

/// What an API keeps of a device of the configuration that no caller has changed.
pub const CONFIGURED_DETAILS: &str = "{\"configured\":true}";

impl ResourceBook {
    /// The resource of a kind with an id.
    #[must_use]
    pub fn get(&self, kind: ResourceKind, id: Uuid) -> Option<&StoredResource> {
        self.of(kind).find(|resource| resource.id == id)
    }

    /// The resources of a kind.
    pub fn of(&self, kind: ResourceKind) -> impl Iterator<Item = &StoredResource> {
        self.0.iter().filter(move |resource| resource.kind == kind)
    }

    /// Takes an event into the book.
    pub fn take(&mut self, changed: &ResourceChanged<'_>) {
        let (id, at) = (Uuid::from_bytes(changed.id), changed.at.utc_ms);
        let mut resources = self.0.iter_mut();
        let known = resources.find(|known| known.kind == changed.kind && known.id == id);
        let Some(resource) = known else {
            self.0.push(StoredResource {
                kind: changed.kind,
                id,
                state: changed.state,
                details: changed.details.to_owned(),
                created_with: changed.details.to_owned(),
                times: [(changed.state, at)].into(),
            });
            return;
        };
        if changed.state != resource.state {
            resource.state = changed.state;
            let time = resource.times.entry(changed.state).or_insert(at);
            if changed.state == ResourceState::Outage {
                *time = at;
            }
        }
        changed.details.clone_into(&mut resource.details);
    }
}

impl Store {
    /// The resources of the folder.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], [`StoreError::Unreadable`].
    pub fn resources(&self) -> Result<ResourceBook, StoreError> {
        let (book, unreadable) = book(self.connection()).context(self.path(), PLACE)?;
        unreadable.map_or(Ok(book), Err)
    }
}

impl Reader {
    /// [`Store::resources`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], [`StoreError::Unreadable`].
    pub fn resources(&self) -> Result<ResourceBook, StoreError> {
        let (book, unreadable) = self.with(PLACE, book)?;
        unreadable.map_or(Ok(book), Err)
    }

    /// The data that a caller keeps with a receipt, as they were replaced last; `None` if they were never replaced.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn note_of(&self, device: Uuid, id: Uuid) -> Result<Option<String>, StoreError> {
        self.with(PLACE, |connection| note_of(connection, device, id))
    }
}

impl Batch<'_> {
    /// Appends that a resource is created or changed. The event belongs to no till.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_resource(&mut self, changed: ResourceChanged<'_>) -> Result<(), StoreError> {
        let event = Event::ResourceChanged(changed);
        let mut buffer = vec![0; changed.details.len().saturating_add(128)];
        let payload = event
            .encode(&mut buffer)
            .map_err(|_| StoreError::TooLarge)?;
        self.write(Uuid::nil(), changed.at.utc_ms, &event, payload)
            .map(drop)
    }
}

const PLACE: &str = "resources";

/// The book, or the first row that this program cannot read.
pub(super) fn book(
    connection: &Connection,
) -> Result<(ResourceBook, Option<StoreError>), rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, kind, version, payload FROM journal \
         WHERE kind IN (25, 26) AND kind = 25 AND device = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([Uuid::nil().as_bytes()])?;
    let mut book = ResourceBook::default();
    while let Some(row) = rows.next()? {
        let payload = row.get_ref(3)?.as_blob()?;
        match Event::decode(row.get(1)?, row.get(2)?, payload) {
            Ok(Event::ResourceChanged(changed)) => book.take(&changed),
            Ok(_) => {}
            Err(source) => {
                let seq = row.get(0)?;
                return Ok((book, Some(StoreError::Unreadable { seq, source })));
            }
        }
    }
    Ok((book, None))
}

/// Newest first, so that the first row of the receipt counts.
fn note_of(
    connection: &Connection,
    device: Uuid,
    id: Uuid,
) -> Result<Option<String>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, version, payload FROM journal \
         WHERE kind IN (25, 26) AND kind = 26 AND device = ?1 ORDER BY seq DESC",
    )?;
    let mut rows = statement.query([device.as_bytes()])?;
    while let Some(row) = rows.next()? {
        let payload = row.get_ref(2)?.as_blob()?;
        if let Ok(Event::ReceiptNoted(noted)) = Event::decode(row.get(0)?, row.get(1)?, payload)
            && noted.id == DocumentId(*id.as_bytes())
        {
            return Ok(Some(noted.note.to_owned()));
        }
    }
    Ok(None)
}
