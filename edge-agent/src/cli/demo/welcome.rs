//! What the demo tells its user when it begins to serve: key, secret, device, and things to try. The page at `/demo` has the same.

use std::path::Path;

use ferrotill_core::profile::{Profile, SealPlan};

use super::files::{CONFIG_FILE, SALE_FILE};
use super::{API_KEY, API_SECRET, DEVICE};
use crate::cli::api::quoted;
use crate::cli::person::FIRST_PERSON;

/// A thing to try: what it shows, and the commands of a shell that do it.
pub(super) struct Trial {
    pub(super) says: &'static str,
    pub(super) commands: Vec<String>,
}

/// What a user of the demo needs.
pub(super) struct Welcome {
    pub(super) url: String,
    /// Names and values.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) trials: Vec<Trial>,
}

impl Welcome {
    /// `url` is the agent's, and `folder` has the files of the demo.
    pub(super) fn new(url: &str, pin: &str, folder: &Path, profile: &'static dyn Profile) -> Self {
        let program = std::env::current_exe().map_or_else(
            |_| "ferrotill".to_owned(),
            |program| program.display().to_string(),
        );
        let program = word(&program);
        let config = folder.join(CONFIG_FILE).display().to_string();
        let sale = folder.join(SALE_FILE).display().to_string();
        let (config_word, sale_word) = (word(&config), word(&sale));
        let path = "/api/v1/operations/sale";
        let sell = format!(
            "{program} api sign POST {path} --body {sale_word} --config {config_word} | curl -sS -i -H @- --data-binary {} {url}{path}",
            word(&format!("@{sale}"))
        );
        let plan = profile.facts().seal_plan;
        let sell = match plan {
            SealPlan::FiscalModule => format!("curl -sS {url}/fiscalbox/info"),
            _ => sell,
        };
        let (switched, up) = match plan {
            SealPlan::Signature => ("signature_unit", "ok"),
            SealPlan::FiscalModule => ("module", "up"),
            SealPlan::Printer | SealPlan::FiscalNumber => ("authority", "up"),
        };
        let switch = |state: &str| {
            format!("curl -sS -X PUT {url}/sim/{switched} -d '{{\"state\":\"{state}\"}}'")
        };
        let offline = match profile.facts().seal_plan {
            SealPlan::Printer => {
                "Take the tax authority down and sell five times: after three failed attempts the receipts become alternative receipts. Then bring it back and sell on: after some seconds with answers the receipts are fiscal again."
            }
            SealPlan::Signature => {
                "Switch the signature unit off and sell: the receipt says \"Sicherheitseinrichtung ausgefallen\". Then switch it on and sell on: the till first signs the Sammelbeleg."
            }
            SealPlan::FiscalModule => {
                "Take the module's connection to the operator of fiscal data down and sell: the module stores the receipts. Then bring it back, and they are sent."
            }
            SealPlan::FiscalNumber => {
                "Take the tax authority down and sell five times: the till goes on. Then bring it back, and all documents are sent."
            }
        };
        Self {
            url: url.to_owned(),
            facts: vec![
                ("key", API_KEY.to_owned()),
                ("secret", API_SECRET.to_owned()),
                ("device", DEVICE.to_string()),
                ("dashboard", dashboard_of(url, pin)),
                ("configuration", config),
            ],
            trials: vec![
                Trial {
                    says: "Sell a coffee: the answer has the header X-Fiscal-State: registered. Each time it is a new sale.",
                    commands: vec![sell],
                },
                Trial {
                    says: "Read the receipt: what the printer has printed.",
                    commands: vec![match plan {
                        SealPlan::FiscalModule => format!("curl -sS {url}/sim/module"),
                        _ => format!("curl -sS {url}/sim/printer/paper"),
                    }],
                },
                Trial {
                    says: offline,
                    commands: vec![switch("down"), switch(up)],
                },
            ],
        }
    }

    /// The text for people.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![String::new()];
        lines.push(format!(
            "the demo serves {}/demo until you end it with Ctrl-C; that page has what stands here, too",
            self.url
        ));
        lines.push(String::new());
        let facts = self.facts.iter();
        lines.extend(facts.map(|(name, value)| format!("  {name:<14} {value}")));
        lines.push(String::new());
        lines.push("Three things to try in another terminal:".to_owned());
        for (number, trial) in (1..).zip(&self.trials) {
            lines.push(format!("{number}. {}", trial.says));
            lines.extend(trial.commands.iter().map(|command| format!("   {command}")));
        }
        lines.join("\n")
    }
}

fn dashboard_of(url: &str, pin: &str) -> String {
    format!("{url}/ – sign in as {FIRST_PERSON} with the PIN {pin}")
}

/// A text as one word of a shell, in quotes only if it needs them.
fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.@:+".contains(&byte);
    if text.bytes().all(plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}
