//! A hub process with a database of its own, and tills that call it over mutual TLS.

#[path = "../support/mod.rs"]
mod support;

mod batches;
mod database_tls;
mod enrolment;
mod people;
mod schema;
mod tls;
mod verbs;

use std::sync::Arc;

use support::cluster::Cluster;
use support::process::{Hub, HubFolder};
use support::till::TestTill;
use uuid::Uuid;

/// A hub with an empty database.
struct Shop {
    hub: Hub,
    folder: HubFolder,
    cluster: Arc<Cluster>,
}

impl Shop {
    /// `None` where there is no PostgreSQL.
    fn open() -> Option<Self> {
        let cluster = Cluster::shared()?;
        let folder = HubFolder::new(&cluster.database());
        Some(Self {
            hub: folder.run(),
            folder,
            cluster,
        })
    }

    /// A one-time code from the verb.
    fn code(&self, till: Option<Uuid>) -> String {
        let till = till.map(|till| till.to_string());
        let mut arguments = vec!["enrol", "--shop", "Market street 5"];
        if let Some(till) = &till {
            arguments.extend(["--till", till]);
        }
        let printed = self.folder.succeeds(&arguments);
        let mut words = printed.split_whitespace();
        words.find(|word| *word == "enrol").unwrap();
        words.next().unwrap().to_owned()
    }

    /// A new till that has enrolled.
    async fn till(&self) -> TestTill {
        let authority = self.folder.authority();
        TestTill::enrol(self.hub.tills, &authority, &self.code(None))
            .await
            .unwrap()
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.psql(&self.folder.url, sql)
    }
}

/// Runs a test with a hub, where there is a database.
fn with_shop<F: Future<Output = ()>>(test: impl FnOnce(Shop) -> F) {
    let Some(shop) = Shop::open() else { return };
    // A test keeps only the parts of the shop that it names, and the last one to let the cluster go ends it.
    let _cluster = Arc::clone(&shop.cluster);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test(shop));
}
