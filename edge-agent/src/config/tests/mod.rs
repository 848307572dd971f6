//! What a person notices of the configuration: values, precedence, messages, and the pages made from the table of keys.

mod goods;
mod layers;
mod messages;
mod pages;
mod secrets;
mod table;
mod values;

use super::Config;

const TILL: &str = "[till]\ncountry = \"MD\"\nmode = \"TEST\"\ndata_dir = \"/var/lib/ferrotill\"\n";
const API: &str = "[[api.clients]]\nkey = \"till\"\nsecret = \"s3cret\"\n";
const DEVICE: &str = r#"[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
name = "Till 1"
uri = "datecs+serial:///dev/ttyUSB0?baud=115200"
use_alternative_receipts = true
tax_groups = [ { code = "A", rate = "20.00" }, { code = "B", rate = "8" } ]
payment_types = [ { code = 0, name = "Numerar", cash = true, open_cash_drawer = true }, { code = 1, name = "Card" } ]
alternative_receipts_ranges = [ { series = "ABC", start = 1, end = 500, number_length = 8 } ]
points_of_sale = [ { id = "feca3a50-34a7-4dc9-84ac-d4bffc76a922", code = "1" } ]
"#;
const UPSTREAM: &str = "[upstream]\nurl = \"http://127.0.0.1:7100/\"\n";

fn whole() -> String {
    format!("{TILL}{API}{DEVICE}{UPSTREAM}")
}
