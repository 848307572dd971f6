//! The numbers of units, which programs send beside the name of a unit.

/// The units with a number in the public documents of FiscalBox of 2022, by their Latin names. The documents of today name no numbers, and
/// programs still send them.
const NUMBERED: &[(&str, u32)] = &[
    ("dona", 1),
    ("pachka", 2),
    ("milligramm", 3),
    ("gramm", 4),
    ("kilogramm", 5),
    ("tsentner", 6),
    ("tonna", 7),
    ("millimetr", 8),
    ("santimetr", 9),
    ("metr", 11),
    ("kilometr", 12),
    ("millilitr", 22),
    ("litr", 23),
    ("set", 26),
    ("tunu-kun", 27),
    ("soat", 28),
    ("quti", 33),
    ("qadoq", 38),
    ("daqiqa", 39),
    ("ballon", 41),
    ("kun", 42),
    ("oy", 43),
    ("rulon", 49),
];

/// The number of a unit; `None` if it has none.
pub(super) fn number_of(name: &str) -> Option<u32> {
    let found = NUMBERED.iter().find(|(known, _)| *known == name);
    found.map(|(_, number)| *number)
}
