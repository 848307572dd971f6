//! Tests of `/openapi.json`, `/docs` and `/docs/errors`, and of `ferrotill explain`. Every answer of every test is compared with the
//! document (`shop::openapi`).

mod shop;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ferrotill::api::DIALECTS;
use ferrotill::api::described::{DescribedOperation, EXAMPLE_ID, States};
use ferrotill::api::error_types::{self, ErrorType};
use ferrotill::api::json::JsonValue;
use ferrotill::api::reference::ApiReference;
use shop::inside::Shop;
use shop::openapi::{compare, document};
use shop::outside::{Process, program};
use shop::{Client, DEVICE, value};

/// The members of an object.
fn members(node: &JsonValue) -> impl Iterator<Item = (&str, &JsonValue)> {
    let JsonValue::Object(members) = node else {
        panic!("{node} is no object");
    };
    members.iter().map(|(name, value)| (&**name, value))
}

fn text(node: &JsonValue) -> &str {
    let JsonValue::Text(text) = node else {
        panic!("{node} is no text");
    };
    text
}

/// Status and body of a call without a signature.
fn raw(client: &Client, method: &str, path: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let address = client.url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// Calls every path with every method, and says which are described although they do not exist, or exist and are not described.
fn differences_of_routes(client: &Client) -> Vec<String> {
    let document = client.look("/openapi.json");
    let mut found = Vec::new();
    for (path, operations) in members(value(&document, "paths")) {
        let parts = path.split('/').map(|part| match part {
            "{code}" | "{page}" => "Missing",
            part if part.starts_with('{') => "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001",
            part => part,
        });
        let called = parts.collect::<Vec<_>>().join("/");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            // The switches are tried last and without a body, so that they change nothing.
            let (status, body) = raw(client, method, &called);
            let exists = status != 405 && !body.contains("is not a path of this agent");
            // A call that is not signed gets 401 before its method is looked at.
            let exists =
                exists && (status != 401 || operations.get(&method.to_lowercase()).is_some());
            let described = operations.get(&method.to_lowercase()).is_some();
            if exists != described {
                found.push(format!("{method} {path}: {status}, described: {described}"));
            }
        }
    }
    found
}

#[test]
fn the_routes_are_those_of_the_document() {
    let shop = Shop::open();
    assert_eq!(differences_of_routes(&shop.client), [""; 0]);
    let paths = shop.client.look("/openapi.json");
    let paths: Vec<&str> = members(value(&paths, "paths"))
        .map(|(path, _)| path)
        .collect();
    assert!(paths.contains(&"/api/v1/operations/sale"));
    assert!(
        !paths.iter().any(|path| path.starts_with("/sim")),
        "{paths:?}"
    );
}

/// The routes in the sources of the agent, as they are given to the router, are in the document of the demo.
#[test]
fn every_route_in_the_sources_is_described() {
    // The servers of `ferrotill authority`, all operations of the APIs, and the page of the demo.
    let others = [
        "/{kind}",
        "/fonws/ws/{service}",
        "/signature-service/{operation}",
        "/sim/signature_service",
        "/api/v1/{*operation}",
        "/fiscalbox/{*operation}",
        "/sign-at/api/v1/{*operation}",
        "/ereceipt/api/v1/{*operation}",
        "/demo",
    ];
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let paths = value(document(), "paths");
    let mut found = 0;
    for file in files {
        let inside = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
        if inside.starts_with("src/ui") {
            // The pages of the dashboard are for people, and no API.
            continue;
        }
        let source = std::fs::read_to_string(&file).unwrap();
        let flat: String = source.split_whitespace().collect::<Vec<_>>().join(" ");
        for rest in flat.replace("( ", "(").split(".route(\"").skip(1) {
            let path = rest.split('"').next().unwrap();
            found += 1;
            assert!(
                others.contains(&path) || paths.get(path).is_some(),
                "{}: the route {path} is not described; add it to a described.rs",
                file.display()
            );
        }
    }
    assert!(found > 15, "{found}");
}

#[test]
fn the_document_of_the_demo_has_the_switches_of_the_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let demo = Process::start(&["demo", "--serve", "--listen", "127.0.0.1:0", "--data", data]);
    assert_eq!(differences_of_routes(&demo.client), [""; 0]);
    let document = demo.client.look("/openapi.json");
    assert!(value(&document, "paths").get("/sim/authority").is_some());
    let (status, page) = raw(&demo.client, "GET", "/demo");
    assert_eq!(status, 200);
    assert!(page.contains("href=\"/docs\""), "{page}");
}

/// The order in which the operations are tried: cash first, sales before returns, documents before their lists, the end of the day, and
/// then what needs a closed day.
fn rank(operation: &DescribedOperation) -> u32 {
    match (
        operation.method,
        operation.path.trim_start_matches("/api/v1/"),
    ) {
        ("POST", "cashoperations") => 0,
        ("POST", "operations/return" | "returnreceipts") => 2,
        ("POST", "operations/closeday") => 5,
        ("POST", path) if path.starts_with("periodicreports") => 6,
        ("POST", path) if path.contains('{') => 4,
        ("POST", _) => 1,
        _ => 3,
    }
}

/// Every operation succeeds with the example of its body, and its answer holds both documents.
#[test]
fn every_operation_is_done_with_its_example() {
    let shop = Shop::open();
    let all: Vec<_> = DIALECTS.iter().collect();
    let reference = ApiReference::new(&all, false);
    let mut operations = reference.operations();
    operations.retain(|operation| operation.path.starts_with("/api/v1/"));
    operations.sort_by_key(|operation| rank(operation));
    assert_eq!(operations.len(), 35);
    let mut made: BTreeMap<&str, String> = BTreeMap::new();
    for (number, operation) in operations.iter().enumerate() {
        let group = operation.path.split('/').nth(3).unwrap();
        let known = if group == "devices" {
            DEVICE
        } else {
            made.get(group).map_or("", String::as_str)
        };
        let path = operation
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { known } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let id = format!("7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f{number:04}");
        // A return gives back what its own sale has sold.
        let sale = if group == "operations" {
            "sale"
        } else {
            "receipts"
        };
        let body = operation.body.map_or("", |body| body.example);
        let body = if body.contains("originalReceiptId") {
            body.replace(EXAMPLE_ID, &made[sale]).replacen(
                "3f0e8a4b-7b1f-4f67-9a8f-2a2f1c1f4b10",
                &id,
                1,
            )
        } else {
            body.replace(EXAMPLE_ID, &id)
        };
        let reply = shop
            .client
            .signed(operation.method, &path, &body, |_| ())
            .unwrap();
        assert_eq!(
            reply.status, 200,
            "{} {path}: {}",
            operation.method, reply.text
        );
        if operation.states == States::OfTheDocument {
            assert_eq!(reply.state.as_deref(), Some("registered"), "{path}");
            assert_eq!(reply.operation.as_deref(), Some(&*id), "{path}");
            let made_by = if operation.path.ends_with("/sale") {
                "sale"
            } else {
                group
            };
            made.insert(made_by, id);
        }
    }
}

#[test]
fn every_reference_and_example_of_the_document_holds() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(document, &mut references);
    for reference in &references {
        let mut parts = reference.trim_start_matches("#/").split('/');
        let found = parts.try_fold(document, |node, part| node.get(part));
        assert!(found.is_some(), "{reference}");
    }
    let mut examples = 0;
    check_examples("", document, &mut examples);
    assert!(examples > 60, "{examples}");
    let mut ids = BTreeSet::new();
    for (path, operations) in members(value(document, "paths")) {
        for (method, operation) in members(operations) {
            let id = text(value(operation, "operationId"));
            assert!(ids.insert(id), "{method} {path}: {id} is used twice");
        }
    }
}

fn collect_references<'n>(node: &'n JsonValue, found: &mut BTreeSet<&'n str>) {
    match node {
        JsonValue::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        JsonValue::Object(members) => {
            for (name, value) in members {
                match value {
                    JsonValue::Text(text) if name == "$ref" => {
                        found.insert(text);
                    }
                    value => collect_references(value, found),
                }
            }
        }
        _ => {}
    }
}

/// Compares each example with the schema beside it.
fn check_examples(path: &str, node: &'static JsonValue, count: &mut u32) {
    if let (Some(schema), Some(example)) = (node.get("schema"), node.get("example")) {
        let mut found = Vec::new();
        compare("", example, schema, &mut found);
        assert!(found.is_empty(), "{path}: {found:#?} in {example}");
        *count += 1;
    }
    if let JsonValue::Object(members) = node {
        for (name, value) in members {
            check_examples(&format!("{path}/{name}"), value, count);
        }
    }
}

/// Names, types and nullability of the vendor's document are those of ours.
#[test]
fn the_schemas_of_the_vendor_are_kept() {
    let vendor = JsonValue::parse(include_bytes!("fixtures/fiscalcloud-openapi.json")).unwrap();
    let vendor = value(&vendor, "components.schemas");
    let own = value(document(), "components.schemas");
    let mut compared = 0;
    for (name, schema) in members(own) {
        let Some(theirs) = vendor.get(name) else {
            continue;
        };
        compared += 1;
        let names = |schema: &JsonValue| -> BTreeSet<String> {
            let properties = members(value(schema, "properties"));
            properties.map(|(name, _)| name.to_owned()).collect()
        };
        assert_eq!(names(schema), names(theirs), "{name}");
        for (member, theirs) in members(value(theirs, "properties")) {
            let ours = value(schema, "properties").get(member).unwrap();
            let is_null = theirs.get("nullable") == Some(&JsonValue::Bool(true));
            let any = ours.get("type").is_none() && ours.get("$ref").is_none();
            let ours = ours.to_string();
            assert_eq!(
                any || ours.contains("\"null\""),
                is_null,
                "{name}.{member}: {ours}"
            );
            if let Some(JsonValue::Text(kind)) = theirs.get("type") {
                assert!(
                    ours.contains(&format!("\"{kind}\"")) || ours.contains("$ref"),
                    "{name}.{member}: {ours}"
                );
            }
        }
    }
    assert!(compared >= 80, "{compared} schemas");
}

/// The largest number of bytes of a page.
const PAGE_BYTES_MAX: usize = 60_000;

#[test]
fn every_page_is_small_and_loads_nothing_and_every_operation_has_a_place() {
    let all: Vec<_> = DIALECTS.iter().collect();
    let reference = ApiReference::new(&all, true);
    let names = reference.pages();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");
    assert!(!unique.contains("errors"), "/docs/errors is another page");
    let mut pages = BTreeMap::from([("/docs".to_owned(), reference.index())]);
    for name in names {
        pages.insert(format!("/docs/{name}"), reference.page(name).unwrap());
    }
    for (path, page) in &pages {
        assert!(page.len() <= PAGE_BYTES_MAX, "{path}: {} bytes", page.len());
        for part in [
            "<script", "http://", "https://", "src=", "@import", "style=\"",
        ] {
            assert!(!page.contains(part), "{path}: {part}");
        }
        for link in page.split("href=").skip(1) {
            let link = link.split('>').next().unwrap();
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { path } else { target };
            if ["/openapi.json", "/docs/errors"].contains(&target) {
                continue;
            }
            let target = pages
                .get(target)
                .unwrap_or_else(|| panic!("{path}: {link}"));
            assert!(
                anchor.is_empty() || target.contains(&format!(" id={anchor}>")),
                "{path}: {link}"
            );
        }
    }
    let headings: String = pages
        .iter()
        .filter(|(path, _)| *path != "/docs")
        .map(|(_, page)| page.as_str())
        .collect();
    for operation in reference.operations() {
        let name = format!(
            "<b>{}</b> <code>{}</code>",
            operation.method, operation.path
        );
        assert!(pages["/docs"].contains(&name), "{name}");
        assert!(headings.contains(&name), "{name}");
    }
}

#[test]
fn a_till_shows_the_pages_of_what_it_serves() {
    let shop = Shop::open();
    let (status, index) = raw(&shop.client, "GET", "/docs");
    assert_eq!(status, 200);
    let document = shop.client.look("/openapi.json");
    for (path, operations) in members(value(&document, "paths")) {
        for (method, _) in members(operations) {
            let line = format!("<b>{}</b> <code>{path}</code>", method.to_uppercase());
            assert!(index.contains(&line), "{line}");
        }
    }
    let (status, page) = raw(&shop.client, "GET", "/docs/fiscalcloud");
    assert_eq!(status, 200);
    assert!(page.contains("<h3 id=postOperationsSale>"), "{page}");
    for missing in ["sign_at", "simulator", "nonsense"] {
        let (status, answer) = raw(&shop.client, "GET", &format!("/docs/{missing}"));
        assert_eq!(status, 404, "{missing}");
        assert!(answer.contains("\"error\":\"NotFound\""), "{answer}");
    }
}

#[test]
fn an_error_type_is_explained_on_its_page_as_by_the_command() {
    let shop = Shop::open();
    for code in [
        "SignatureMismatch",
        "Underpaid",
        "PaperOut",
        "NotEnoughCash",
        "printer_condition",
    ] {
        let (status, page) = raw(&shop.client, "GET", &format!("/docs/errors/{code}"));
        let output = program().args(["explain", code]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!((status, output.status.code()), (200, Some(0)), "{code}");
        for ErrorType {
            says, fix, source, ..
        } in error_types::find(code)
        {
            let source = source.to_string();
            for part in [&says, &fix, &source] {
                assert!(said.contains(part.as_str()), "{part} is not in {said}");
                let html = part
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;");
                assert!(
                    page.contains(&html.replace('"', "&quot;")),
                    "{part} is not in {page}"
                );
            }
        }
    }
    assert_eq!(raw(&shop.client, "GET", "/docs/errors/Nonsense").0, 404);
    let (_, list) = raw(&shop.client, "GET", "/docs/errors");
    for known in error_types::all() {
        assert!(
            list.contains(&format!("/docs/errors/{}\"", known.code)),
            "{known}"
        );
    }
}

#[test]
fn explain_names_similar_codes_and_lists_all() {
    let output = program()
        .args(["--json", "explain", "Signature"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = JsonValue::parse(&output.stdout).unwrap();
    assert!(
        text(value(&said, "error.message")).contains("SignatureMismatch"),
        "{said}"
    );
    let output = program()
        .args(["--json", "explain", "paperout"])
        .output()
        .unwrap();
    let said = JsonValue::parse(&output.stdout).unwrap();
    assert_eq!(
        text(value(&said, "error_types.0.code")),
        "PaperOut",
        "{said}"
    );
    let output = program()
        .args(["--json", "explain", "--all"])
        .output()
        .unwrap();
    let said = JsonValue::parse(&output.stdout).unwrap();
    let JsonValue::Array(all) = value(&said, "error_types") else {
        panic!("{said}");
    };
    assert_eq!(all.len(), error_types::all().len());
}

/// Every code in the sources of the agent: the texts that stand where codes are given.
#[test]
fn every_error_type_in_the_sources_is_explained() {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root, &mut files);
    let mut checked = 0;
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for code in codes_in(source) {
            checked += 1;
            assert!(
                !error_types::find(&code).is_empty(),
                "{}: the error type {code} is not explained; add it to api/error_types/of_requests.rs",
                file.display()
            );
        }
    }
    assert!(checked > 80, "{checked}");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// The texts that stand where a code is given.
fn codes_in(source: &str) -> BTreeSet<String> {
    let flat: String = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let flat = flat.replace("( ", "(");
    let mut codes = BTreeSet::new();
    for start in [
        "Problem::new(\"",
        "Unauthorized::new(\"",
        "refuse(\"",
        "code: \"",
        // Those of the command line.
        ".named(\"",
        "error: \"",
        "StatusCode::CONFLICT, \"",
        "StatusCode::NOT_FOUND, \"",
        "StatusCode::BAD_REQUEST, \"",
        "StatusCode::PAYLOAD_TOO_LARGE, \"",
        "StatusCode::SERVICE_UNAVAILABLE, \"",
        "StatusCode::UNPROCESSABLE_ENTITY, \"",
        "StatusCode::TOO_MANY_REQUESTS, \"",
    ] {
        for rest in flat.split(start).skip(1) {
            codes.extend(code_before_quote(rest));
        }
    }
    // `(Exit::Refused, "Code")`, the exit code of a command with the code of its error.
    for rest in flat.split("Exit::").skip(1) {
        let second = rest.split_once(", ").map(|(_, second)| second);
        let second = second.and_then(|second| second.strip_prefix('"'));
        let is_variant = rest
            .split(',')
            .next()
            .unwrap()
            .bytes()
            .all(|it| it.is_ascii_alphabetic());
        codes.extend(second.filter(|_| is_variant).and_then(code_before_quote));
    }
    // `fault("path", "Code", …)` and the same with a path that is computed.
    for rest in flat.split(".fault(").skip(1) {
        let mut arguments = rest.splitn(3, ", ");
        let second = arguments.nth(1).and_then(|second| second.strip_prefix('"'));
        codes.extend(second.and_then(code_before_quote));
    }
    codes
}

/// The code that a text begins with, up to a quotation mark.
fn code_before_quote(text: &str) -> Option<String> {
    let code = text.split('"').next()?;
    let is_code = code.starts_with(|first: char| first.is_ascii_uppercase())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| code.to_owned())
}
