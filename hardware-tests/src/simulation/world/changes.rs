//! What a technician changes in the configuration between two starts, and what a start must refuse.

use std::fs;
use std::sync::Arc;

use ferrotill::config::Config;
use ferrotill_core::event::Mode;
use ferrotill_core::profile::{MOLDOVA, Profile, UKRAINE};
use ferrotill_store::{Founding, Reader, RequestState, Store};

use super::{Checked, World};
use crate::error_text::with_sources;

/// The changes that are in force.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Changes {
    /// The address of the owner: a number that counts its changes.
    pub(in super::super) address: usize,
    /// How many times the ranges of alternative numbers were passed on to the next till.
    pub(in super::super) ranges_moved: usize,
    /// How many times every till got a new series.
    pub(in super::super) series: usize,
    /// The till whose device is not in the configuration.
    pub(in super::super) away: Option<usize>,
    /// The till whose address names a printer of another family.
    pub(in super::super) wrong_family: Option<usize>,
    /// The till at whose line another printer of the same family is, with the counters from before an outstanding document.
    pub(in super::super) spare: Option<usize>,
}

impl World {
    /// Changes the configuration before a start, in one start out of four. A missing device and a wrong family last until the next
    /// start.
    pub(super) fn change_configuration(&mut self) -> Checked {
        let before = format!("{:?}", self.changes);
        self.changes.away = None;
        self.changes.wrong_family = None;
        self.changes.spare = None;
        let place = self.random.below(self.tills.len());
        match self.random.below(20) {
            0 => self.changes.address += 1,
            1 => self.changes.ranges_moved += 1,
            2 => self.changes.series += 1,
            3 if self.tills.len() > 1 => self.changes.away = Some(place),
            4 => self.changes.wrong_family = Some(place),
            5..=7 if self.outstanding_baseline(place).is_some() => self.changes.spare = Some(place),
            _ => {}
        }
        let after = format!("{:?}", self.changes);
        if before != after {
            self.note(format!("the configuration is changed: {after}"));
        }
        self.update_a_printer();
        self.read_configuration()
    }

    /// Gives a printer other firmware, which answers in other forms, in some starts of a shop that draws its firmware.
    fn update_a_printer(&mut self) {
        let place = self.printer_draw.update(self.tills.len());
        let Some((place, till)) = place.and_then(|place| Some((place, self.tills.get_mut(place)?)))
        else {
            return;
        };
        self.printer_draw.renew(&mut till.make, &till.line.line);
        let make = format!("{:?}", till.make);
        if let Some(model) = self.shop.printers.get_mut(place) {
            *model = till.make.clone();
        }
        self.note(format!("printer {place} is now {make}"));
    }

    /// Ends the changes with which a till cannot sell.
    pub(super) fn undo_changes(&mut self) -> Checked {
        let Changes {
            away,
            wrong_family,
            spare,
            ..
        } = self.changes;
        if away.or(wrong_family).or(spare).is_none() {
            return Ok(());
        }
        self.changes.away = None;
        self.changes.wrong_family = None;
        self.changes.spare = None;
        self.read_configuration()?;
        self.note("the configuration is right again".to_owned());
        self.agent = None;
        for till in &mut self.tills {
            till.turns.agent_ended();
        }
        self.open()
    }

    /// The printer's last document before the outstanding document of a till; none if nothing is outstanding.
    pub(super) fn outstanding_baseline(&self, place: usize) -> Option<u32> {
        let till = self.tills.get(place)?;
        let reader = Reader::new(self.folder.path());
        let orders = self.orders.iter().filter(|order| order.till == place);
        orders
            .filter_map(|order| reader.find(Some(till.device), order.form.id).ok()?)
            .filter(|document| document.row.state == RequestState::Reserved)
            .find_map(|document| Some(document.reserved()?.baseline?.last_document))
    }

    fn read_configuration(&mut self) -> Checked {
        let text = self.shop.configuration(self.folder.path(), &self.changes);
        let config = Config::parse(&text, "simulation.toml").map_err(with_sources)?;
        self.config = Arc::new(config);
        Ok(())
    }

    /// A start in another mode or in another country is refused, and so is one without the key of the journal. Nothing is changed by it.
    pub(super) fn refused_starts(&mut self) -> Checked {
        self.agent = None;
        let good = self.disk.image();
        let now = self.clock.now();
        let others = [
            Founding::new(MOLDOVA.facts(), Mode::Live, now),
            Founding::new(UKRAINE.facts(), Mode::Test, now),
        ];
        for other in others {
            if Store::open(self.folder.path(), &other).is_ok() {
                return Err(format!(
                    "the folder of a TEST till in Moldova was opened as {other:?}"
                ));
            }
        }
        let key = self.folder.path().join("journal.key");
        let bytes = fs::read(&key).map_err(with_sources)?;
        fs::remove_file(&key).map_err(with_sources)?;
        let founding = Founding::new(MOLDOVA.facts(), Mode::Test, now);
        let opened = Store::open(self.folder.path(), &founding).is_ok();
        let made = key.exists();
        write_private(&key, &bytes)?;
        if opened || made {
            return Err(format!(
                "a folder without its key was opened: {opened}; a new key was made: {made}"
            ));
        }
        self.disk.put(&good);
        self.open()
    }
}

/// Writes a file that only its owner may read.
fn write_private(path: &std::path::Path, bytes: &[u8]) -> Checked {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(with_sources)
}
