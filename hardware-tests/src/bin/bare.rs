//! The smallest server with a database: axum and rusqlite, and no code of the agent. The start time of the agent is compared with
//! that of this program.
//!
//! `bare ADDRESS FOLDER`

use std::error::Error;
use std::path::Path;

use axum::Router;
use axum::routing::get;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("bare ADDRESS FOLDER".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let database = rusqlite::Connection::open(Path::new(&folder).join("bare.db"))?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute_batch(
            "CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, words TEXT) STRICT",
        )?;
        database.query_row("SELECT count(*) FROM row", [], |row| row.get::<_, i64>(0))?;
        axum::serve(
            listener,
            Router::new().route("/", get(|| async { "ready" })),
        )
        .await?;
        Ok(())
    })
}
