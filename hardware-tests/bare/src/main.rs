//! Programs that do only what cannot be avoided, without code of the agent, to compare the agent with.
//!
//! `bare ADDRESS FOLDER`: the smallest server with a database: axum and rusqlite
//! `bare answer ADDRESS PATH FILE`: the smallest server that answers the path with the content of a file
//! `bare read FILE`: reads every row of a database, and hashes it

use std::error::Error;
use std::path::Path;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use ferrotill_bare::hash_every_row;

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["answer", address, path, file] => answer(address, path, Path::new(file)),
        ["read", file] => read(Path::new(file)),
        [address, folder] => with_database(address, Path::new(folder)),
        _ => Err("bare ADDRESS FOLDER | bare answer ADDRESS PATH FILE | bare read FILE".into()),
    }
}

fn with_database(address: &str, folder: &Path) -> Done {
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let database = rusqlite::Connection::open(folder.join("bare.db"))?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute_batch(
            "CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, words TEXT) STRICT",
        )?;
        database.query_row("SELECT count(*) FROM row", [], |row| row.get::<_, i64>(0))?;
        let router = Router::new().route("/", get(|| async { "ready" }));
        axum::serve(listener, router).await?;
        Ok(())
    })
}

fn answer(address: &str, path: &str, file: &Path) -> Done {
    let body = bytes::Bytes::from(std::fs::read(file)?);
    let handler = move || {
        let body = body.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], body) }
    };
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(listener, Router::new().route(path, get(handler))).await?;
        Ok(())
    })
}

fn read(file: &Path) -> Done {
    match hash_every_row(file)? {
        0 => Err("the database has no rows".into()),
        _ => Ok(()),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
