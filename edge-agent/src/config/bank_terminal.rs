//! `[[bank_terminal]]`: the bank terminals of the shop.

use std::time::Duration;

use uuid::Uuid;

use super::key::ShownValue;
use super::reader::{Reader, Section};
use super::values::{Mode, used_twice, uuid};

/// One bank terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankTerminal {
    /// The id by which callers name the terminal.
    pub id: Uuid,
    /// The name of the terminal for people.
    pub name: String,
    /// How long the money of a card is kept for a document that is not registered and that no caller waits for.
    pub void_after: Duration,
}

impl BankTerminal {
    /// The id of the simulated terminal of a TEST till whose configuration has none.
    pub const STAND_IN: Uuid = Uuid::from_u128(0x7e51_7e51_0000_4000_8000_0000_0000_0001);
    /// How long money is kept at a terminal without a table.
    pub const VOID_AFTER: Duration = Duration::from_secs(60);
}

/// The scheme of the simulated terminal.
const SIMULATED: &str = "simulated";

/// Reads the tables `[[bank_terminal]]`.
pub(super) fn bank_terminals(
    reader: &mut Reader,
    root: &Section<'_>,
    mode: Mode,
) -> Vec<BankTerminal> {
    let mut terminals: Vec<BankTerminal> = Vec::new();
    for (place, section) in reader
        .children(root, "bank_terminal")
        .into_iter()
        .enumerate()
    {
        let id = uuid(reader, &section, "id");
        if terminals
            .iter()
            .any(|terminal| terminal.id == id && !id.is_nil())
        {
            used_twice(reader, &section, "id", &id, "bank terminal");
        }
        let name = reader.text(&section, "name").map(|found| found.value);
        let name = name.unwrap_or_else(|| {
            let name = format!("Terminal {}", place.saturating_add(1));
            reader.computed(&section, "name", ShownValue::Text(name.clone()));
            name
        });
        check_uri(reader, &section, mode);
        terminals.push(BankTerminal {
            id,
            name,
            void_after: reader.seconds(&section, "void_after_s").unwrap_or_default(),
        });
    }
    terminals
}

/// The only terminal that this build can reach is the simulated one, which moves no money.
fn check_uri(reader: &mut Reader, section: &Section<'_>, mode: Mode) {
    let Some(found) = reader.text(section, "uri") else {
        return;
    };
    let scheme = found.value.split(':').next().unwrap_or_default();
    if scheme != SIMULATED {
        reader.fault(
            &found.place,
            section.path_of("uri"),
            format!("is {:?}, a terminal that this build cannot reach", found.value),
            "write \"simulated:\" on a TEST till; on a LIVE till remove the table, and take card payments on a terminal of your own",
        );
    } else if mode == Mode::Live {
        reader.fault(
            &found.place,
            section.path_of("uri"),
            "is the simulated terminal, and the till is LIVE",
            "remove the table, and take card payments on a terminal of your own",
        );
    }
}
