//! `demo --prove`: sales in which an answer is lost, the agent is killed and the printer loses its power, and what the printer's fiscal
//! memory has of each: one receipt.
//!
//! The agent is a process of its own, so that it can be killed; the printer and the authority live in the process of the demo.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use ferrotill_device::emulator::{FaultKind, FaultOrder, Power, Rig};
use uuid::Uuid;

use crate::api::json::JsonValue;
use crate::cli::CliOutput;
use crate::cli::client::Client;
use crate::object;

/// The command that closes a receipt, in the protocol of the demo's printer.
const CLOSE_COMMAND: u8 = 0x38;
/// How long the printer keeps its answer back while the agent is killed, in milliseconds.
const ANSWER_KEPT_BACK_MS: u64 = 3_000;
/// The pause between two looks whether something has happened, and the largest number of looks: about a minute.
const PAUSE: Duration = Duration::from_millis(20);
const LOOKS_MAX: u32 = 3_000;

/// The programs of the proof, and where they write.
pub(super) struct Proof {
    pub(super) client: Client,
    pub(super) rig: Arc<Rig>,
    pub(super) output: CliOutput,
    /// The configuration of the agent.
    pub(super) config: PathBuf,
    /// Where the agent writes its log.
    pub(super) log: PathBuf,
    /// The number of the printer's last document before the proof.
    pub(super) last_document: u32,
    /// Set when the demo is interrupted.
    pub(super) interrupted: Arc<AtomicBool>,
}

/// One sale of the proof: what goes wrong in it, and its price, which no other sale has.
struct Case {
    name: &'static str,
    says: &'static str,
    price: &'static str,
    trouble: Trouble,
}

/// What goes wrong in a sale.
#[derive(Clone, Copy)]
enum Trouble {
    AnswerLost,
    AgentKilled,
    PowerCut(FaultKind),
}

const CASES: [Case; 4] = [
    Case {
        name: "answer_lost",
        says: "the printer prints the receipt, and its answer is lost on the line",
        price: "11.11",
        trouble: Trouble::AnswerLost,
    },
    Case {
        name: "agent_killed",
        says: "the printer prints the receipt, and the agent is killed before it gets the answer",
        price: "22.22",
        trouble: Trouble::AgentKilled,
    },
    Case {
        name: "power_cut_after",
        says: "the printer prints the receipt and loses its power at once",
        price: "33.33",
        trouble: Trouble::PowerCut(FaultKind::PowerCut),
    },
    Case {
        name: "power_cut_before",
        says: "the printer loses its power just before it prints the receipt",
        price: "44.44",
        trouble: Trouble::PowerCut(FaultKind::PowerCutBefore),
    },
];

impl Proof {
    /// Runs all cases. Returns the last line of the output, and true if every sale has one receipt.
    pub(super) fn run(&self) -> anyhow::Result<(JsonValue, bool)> {
        let mut agent = Some(self.start()?);
        let mut lines = Vec::new();
        let mut proved = true;
        for (number, case) in (1..).zip(&CASES) {
            self.output.text(&format!(
                "{number}. A sale of {}: {}.",
                case.price, case.says
            ));
            let id = Uuid::new_v4();
            match case.trouble {
                Trouble::AnswerLost => self.order(FaultKind::DropAnswer, 0),
                Trouble::AgentKilled => {
                    self.order(FaultKind::Delay, ANSWER_KEPT_BACK_MS);
                    self.kill(&mut agent, case, id)?;
                    agent = Some(self.start()?);
                }
                Trouble::PowerCut(kind) => self.order(kind, 0),
            }
            let cut = matches!(case.trouble, Trouble::PowerCut(_));
            self.sell_until_registered(case, id, cut)?;
            let (line, holds) = self.evidence(case, id);
            proved &= holds;
            lines.push(line);
        }
        proved &= self.close_the_day()?;
        self.output.text(if proved {
            "proved: each sale has one receipt in the printer's fiscal memory, and the Z-report agrees with the printer"
        } else {
            "NOT PROVED: a sale has no receipt or more than one, or the Z-report does not agree with the printer"
        });
        let line = object! { "prove" => JsonValue::Array(lines), "proved" => proved };
        Ok((line, proved))
    }

    /// Starts the agent and waits until it serves.
    fn start(&self) -> anyhow::Result<ChildAgent> {
        let program = std::env::current_exe().context("the path of this program")?;
        let log = File::options().append(true).create(true).open(&self.log)?;
        let mut command = Command::new(program);
        // The configuration of the demo alone counts.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FERROTILL_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["--json", "run", "--config"])
            .arg(&self.config)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("the agent does not start")?;
        let output = child.stdout.take();
        let agent = ChildAgent { child };
        let mut ready = String::new();
        output
            .map(|output| BufReader::new(output).read_line(&mut ready))
            .transpose()?;
        ensure!(
            ready.contains("\"ready\":true"),
            "the agent does not start; its log:\n{}",
            log_of(&self.log)
        );
        self.output
            .text(&format!("   (the agent is process {})", agent.child.id()));
        Ok(agent)
    }

    fn order(&self, kind: FaultKind, ms: u64) {
        self.rig.add_fault(FaultOrder {
            kind,
            command: Some(CLOSE_COMMAND),
            times: 1,
            ms,
        });
    }

    /// Sends the sale, and kills the agent when the receipt is in the printer's fiscal memory and its answer is not sent yet.
    fn kill(&self, agent: &mut Option<ChildAgent>, case: &Case, id: Uuid) -> anyhow::Result<()> {
        thread::scope(|threads| {
            // The caller gets no answer: the agent that it called is killed.
            threads.spawn(|| drop(self.client.post("operations/sale", &body(case, id))));
            self.until("the receipt is printed", || {
                Ok(self.receipts(case).len() == 1)
            })?;
            *agent = None;
            self.output
                .text("   the agent was killed with SIGKILL, and is started again");
            Ok(())
        })
    }

    /// Repeats the sale with the same id, as a caller does. If the printer loses its power, it is switched on again.
    fn sell_until_registered(&self, case: &Case, id: Uuid, cut: bool) -> anyhow::Result<()> {
        thread::scope(|threads| {
            if cut {
                threads.spawn(|| {
                    let noticed = self.until("the printer has no power", || {
                        Ok(self.rig.snapshot(false).power == "off")
                    });
                    self.output
                        .text("   the printer has no power; it is switched on again");
                    self.rig.set_power(Power::On);
                    noticed
                });
            }
            self.until("the sale is registered", || {
                // A call without an answer is repeated, too.
                let reply = self.client.post("operations/sale", &body(case, id)).ok();
                match reply {
                    Some(reply) if reply.status == 401 || reply.status == 404 => {
                        bail!("the agent answers HTTP {}", reply.status)
                    }
                    reply => Ok(reply.is_some_and(|reply| reply.state == "registered")),
                }
            })
        })
    }

    /// What the printer's fiscal memory has of a sale, as a line of the output; true if it is one receipt.
    fn evidence(&self, case: &Case, id: Uuid) -> (JsonValue, bool) {
        let documents = self.receipts(case);
        let holds = documents.len() == 1;
        let numbers: Vec<String> = documents.iter().map(u32::to_string).collect();
        self.output.text(&format!(
            "   answered registered; receipts of {} in the printer's fiscal memory: {} (document {})",
            case.price,
            documents.len(),
            numbers.join(", ")
        ));
        let documents = documents.into_iter().map(JsonValue::from);
        let line = object! {
            "case" => case.name,
            "id" => id,
            "total" => JsonValue::Number(case.price.to_owned()),
            "documents" => JsonValue::Array(documents.collect()),
            "proved" => holds,
        };
        (line, holds)
    }

    /// The numbers of the documents in the printer's fiscal memory with the price of a sale.
    fn receipts(&self, case: &Case) -> Vec<u32> {
        let receipts = self.rig.snapshot(true).fiscal_receipts.into_iter();
        let of_case = receipts
            .filter(|receipt| receipt.document > self.last_document && receipt.total == case.price);
        of_case.map(|receipt| receipt.document).collect()
    }

    /// Closes the day; true if the report agrees with the printer.
    fn close_the_day(&self) -> anyhow::Result<bool> {
        let z = self.client.post("operations/closeday", "{}")?;
        ensure!(z.status == 200, "Z: HTTP {}", z.status);
        let total = z
            .body
            .path("data.totalAmount")
            .map_or("", JsonValue::scalar);
        self.output.text(&format!("Z-report: {total}"));
        let agrees = z.body.path("data.additionalData.reconciliation.agrees");
        Ok(agrees == Some(&JsonValue::Bool(true)))
    }

    fn until(
        &self,
        what: &str,
        mut condition: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let mut looks = LOOKS_MAX;
        while !condition()? {
            ensure!(!self.interrupted.load(Ordering::Acquire), "interrupted");
            ensure!(
                looks > 0,
                "{what}: not in time; the agent's log:\n{}",
                log_of(&self.log)
            );
            looks = looks.saturating_sub(1);
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

fn body(case: &Case, id: Uuid) -> String {
    let price = case.price;
    format!(
        r#"{{"id":"{id}","receiptMode":"FiscalReceiptOnly","items":[{{"name":"Cafea","quantity":1,"price":{price},"taxGroupCode":"A"}}],"payments":[{{"typeCode":1,"amount":{price}}}]}}"#
    )
}

fn log_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The process of the agent. Dropping this value kills it.
struct ChildAgent {
    child: Child,
}

impl Drop for ChildAgent {
    fn drop(&mut self) {
        // Killing fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use ferrotill_device::emulator::RigOptions;

    use super::*;
    use crate::config::Secret;
    use crate::time::clock::Clock;

    #[test]
    fn a_sale_that_is_not_in_the_fiscal_memory_is_not_proved() {
        let folder = tempfile::tempdir().unwrap();
        let rig = Rig::start(RigOptions::new(folder.path().join("printer"))).unwrap();
        let clock = Arc::new(Clock::new(Some("UTC")).unwrap());
        let proof = Proof {
            client: Client::new(String::new(), "", Secret::new(String::new()), None, clock),
            rig: Arc::new(rig),
            output: CliOutput { json: false },
            config: PathBuf::new(),
            log: PathBuf::new(),
            last_document: 0,
            interrupted: Arc::default(),
        };
        let (line, holds) = proof.evidence(&CASES[0], Uuid::nil());
        assert!(!holds, "{line}");
    }
}
