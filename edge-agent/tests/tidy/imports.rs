//! Rules about imports: there are no circles of imports between files or folders, and no imports from a higher layer.
//!
//! At every level of a crate the children of one module (files and folders) may import each other in one direction only.
//! Imports between a module and its own child are not a circle. A re-exported name counts as a name of the module that defines
//! it. Code that is compiled for tests only may import everything.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;
use crate::workspace::{Package, Workspace, root};

/// The layers of the agent from top to bottom. A folder may import folders of lower layers and no folder of its own layer.
const FLOORS: &[&[&str]] = &[
    &["cli"],
    &["agent"],
    &["ui"],
    &["api"],
    &["outbox", "simulator", "deliver"],
    &["clerk"],
    &["seal", "payment"],
    &["authority", "paper"],
    &["config"],
    &["order", "status", "time", "listener"],
    &["folder_key", "limited_log", "log_levels", "people"],
    &[
        "hmac",
        "locked",
        "error_chain",
        "explanation",
        "receipt_link",
        "secret_file",
    ],
];

/// A module's path in its crate, such as `["till", "ranges"]`. The path of the crate itself is empty.
type Module = Vec<String>;

/// The imports of one crate: which module uses a name of which other module, and in which line.
struct Imports {
    edges: BTreeMap<(Module, Module), String>,
}

#[test]
fn no_circle_of_imports_between_files_or_folders() {
    let workspace = Workspace::read();
    let mut report = Vec::new();
    for package in workspace.packages() {
        let sources = of_package(&workspace, package);
        report.extend(circles(&Imports::of(&package.src, &sources)));
    }
    assert!(report.is_empty(), "\n{}", report.join("\n"));
}

#[test]
fn no_folder_of_the_agent_imports_a_floor_above() {
    let workspace = Workspace::read();
    let mut found_agent = false;
    for package in workspace.packages() {
        if package.crate_name == "ferrotill" {
            found_agent = true;
            let sources = of_package(&workspace, package);
            let report = upward(&Imports::of(&package.src, &sources));
            assert!(report.is_empty(), "\n{}", report.join("\n"));
        }
    }
    assert!(found_agent, "the agent was not found");
}

#[test]
fn the_architecture_page_has_the_floors() {
    let page = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let floors = FLOORS.iter().enumerate().map(|(place, floor)| {
        let names: Vec<String> = floor.iter().map(|name| format!("`{name}`")).collect();
        format!("{}. {}\n", place + 1, names.join(", "))
    });
    let list: String = floors.collect();
    assert!(page.contains(&list), "docs/ARCHITECTURE.md lacks:\n{list}");
}

#[test]
fn the_store_imports_nothing_of_the_agent_and_the_device_nothing_of_the_store() {
    let workspace = Workspace::read();
    let below: [(&str, &[&str]); 6] = [
        (
            "core/src/",
            &["ferrotill_device", "ferrotill_store", "ferrotill"],
        ),
        ("device/src/", &["ferrotill_store", "ferrotill"]),
        (
            "edge-agent/store/src/",
            &["ferrotill_device", "ferrotill_render", "ferrotill"],
        ),
        (
            "edge-agent/render/src/",
            &["ferrotill_device", "ferrotill_store", "ferrotill"],
        ),
        (
            "hub/protocol/src/",
            &[
                "ferrotill_core",
                "ferrotill_device",
                "ferrotill_store",
                "ferrotill",
            ],
        ),
        (
            "edge-agent/rksv/src/",
            &[
                "ferrotill_device",
                "ferrotill_render",
                "ferrotill_store",
                "ferrotill",
            ],
        ),
    ];
    for (folder, above) in below {
        for source in workspace.sources() {
            if source.path.starts_with(folder) && !source.is_test_file() {
                let named = source.find_words(|word| above.contains(&word));
                let in_tests = |line: usize| source.test_lines[line - 1];
                let found: Vec<_> = named
                    .iter()
                    .filter(|finding| !in_tests(finding.line))
                    .collect();
                assert!(found.is_empty(), "{found:?}");
            }
        }
    }
}

#[test]
fn a_dialect_imports_what_all_dialects_share_and_no_other_dialect() {
    let workspace = Workspace::read();
    for package in workspace.packages() {
        if package.crate_name == "ferrotill" {
            let imports = Imports::of(&package.src, &of_package(&workspace, package));
            let report = beyond_dialect(&imports);
            assert!(report.is_empty(), "\n{}", report.join("\n"));
        }
    }
}

fn of_package<'w>(workspace: &'w Workspace, package: &Package) -> Vec<&'w Source> {
    let folder = format!("{}/", package.src);
    let sources = workspace.sources().iter();
    sources
        .filter(|source| source.path.starts_with(&folder))
        .collect()
}

impl Imports {
    fn of(src: &str, sources: &[&Source]) -> Self {
        let modules: BTreeMap<Module, &Source> = sources
            .iter()
            .filter(|source| !source.is_test_file())
            .filter_map(|source| Some((module_of(src, &source.path)?, *source)))
            .collect();
        let known: BTreeSet<Module> = modules.keys().cloned().collect();
        let mut reexports: BTreeMap<(Module, String), Module> = BTreeMap::new();
        let mut used: Vec<(Module, Module, String)> = Vec::new();
        for (module, source) in &modules {
            for path in paths_of(source) {
                let Some(full) = absolute(module, &path.segments, &known) else {
                    continue;
                };
                if path.is_reexport
                    && let Some(name) = full.last()
                {
                    let name = path.alias.clone().unwrap_or_else(|| name.clone());
                    reexports.insert((module.clone(), name), full.clone());
                }
                used.push((
                    module.clone(),
                    full,
                    format!("{}:{}", source.path, path.line),
                ));
            }
        }
        let mut edges = BTreeMap::new();
        for (from, full, place) in used {
            let to = home_of(full, &known, &reexports);
            if from != to && !from.starts_with(&to) && !to.starts_with(&from) {
                edges.entry((from, to)).or_insert(place);
            }
        }
        Self { edges }
    }
}

/// The module that defines a name. Re-exports are followed.
fn home_of(
    mut full: Module,
    known: &BTreeSet<Module>,
    reexports: &BTreeMap<(Module, String), Module>,
) -> Module {
    for _ in 0..8 {
        let module = longest_known(&full, known);
        let next = full.get(module.len()).cloned();
        match next.and_then(|name| reexports.get(&(module.clone(), name))) {
            Some(target) if *target != full => full.clone_from(target),
            _ => return module,
        }
    }
    longest_known(&full, known)
}

fn longest_known(full: &[String], known: &BTreeSet<Module>) -> Module {
    let lengths = (0..=full.len()).rev();
    let mut prefixes = lengths.map(|length| full[..length].to_vec());
    prefixes
        .find(|prefix| known.contains(prefix))
        .unwrap_or_default()
}

/// The module of a source file: `core/src/till/ranges.rs` is `till::ranges`. The file of a binary is no module of the library.
fn module_of(src: &str, path: &str) -> Option<Module> {
    let rest = path
        .strip_prefix(src)?
        .trim_start_matches('/')
        .strip_suffix(".rs")?;
    if rest == "main" || rest.starts_with("bin/") {
        return None;
    }
    let mut parts: Module = rest.split('/').map(str::to_owned).collect();
    if parts
        .last()
        .is_some_and(|last| last == "mod" || last == "lib")
    {
        parts.pop();
    }
    Some(parts)
}

/// A path in a source file, as it is written.
struct Named {
    segments: Vec<String>,
    alias: Option<String>,
    is_reexport: bool,
    line: usize,
}

/// All paths in the product's code that begin in this crate: in `use` statements, and anywhere else in the code.
fn paths_of(source: &Source) -> Vec<Named> {
    let mut found = Vec::new();
    let mut statement: Option<(String, bool, usize)> = None;
    for (number, line) in source.code.iter().enumerate() {
        if source.test_lines[number] {
            continue;
        }
        let trimmed = line.trim_start();
        let visible = trimmed.split_once("use ").map(|(before, _)| before.trim());
        let begins = visible.is_some_and(|before| before.is_empty() || before.starts_with("pub"));
        if statement.is_none()
            && begins
            && (trimmed.starts_with("use ") || trimmed.starts_with("pub"))
        {
            let (before, rest) = trimmed.split_once("use ").unwrap_or_default();
            statement = Some((rest.to_owned(), before.starts_with("pub"), number + 1));
        } else if let Some((text, ..)) = &mut statement {
            text.push(' ');
            text.push_str(trimmed);
        } else {
            inline_paths(line, number + 1, &mut found);
        }
        if let Some((text, is_reexport, line)) = statement.take_if(|(text, ..)| text.contains(';'))
        {
            let text = text.split(';').next().unwrap_or_default().to_owned();
            expand(&text, &[], is_reexport, line, &mut found);
        }
    }
    found
}

fn inline_paths(line: &str, number: usize, found: &mut Vec<Named>) {
    for root in ["crate::", "super::"] {
        for (at, _) in line.match_indices(root) {
            let before = line[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &line[at..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                .unwrap_or(rest.len());
            found.push(Named {
                segments: segments(&rest[..end]),
                alias: None,
                is_reexport: false,
                line: number,
            });
        }
    }
}

fn segments(path: &str) -> Vec<String> {
    let parts = path.split("::").map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Replaces the braces of a `use` statement by single paths: `a::{b, c::d}` becomes `a::b` and `a::c::d`.
fn expand(text: &str, before: &[String], is_reexport: bool, line: usize, found: &mut Vec<Named>) {
    let text = text.trim();
    if let Some((head, rest)) = text.split_once('{') {
        let mut prefix = before.to_vec();
        prefix.extend(segments(head));
        let inner = &rest[..rest.rfind('}').unwrap_or(rest.len())];
        let (mut depth, mut start) = (0_usize, 0);
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&inner[start..at], &prefix, is_reexport, line, found);
                    start = at + 1;
                }
                _ => {}
            }
        }
        expand(&inner[start..], &prefix, is_reexport, line, found);
        return;
    }
    if text.is_empty() {
        return;
    }
    let (path, alias) = match text.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (text, None),
    };
    let mut all = before.to_vec();
    all.extend(segments(path).into_iter().filter(|part| part != "self"));
    found.push(Named {
        segments: all,
        alias,
        is_reexport,
        line,
    });
}

/// The path from the crate's root; `None` if the path begins in another crate.
fn absolute(module: &[String], path: &[String], known: &BTreeSet<Module>) -> Option<Module> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "super" => {
            let (_, parent) = module.split_last()?;
            match rest.first().map(String::as_str) {
                Some("super") => absolute(parent, rest, known),
                _ => Some([parent, rest].concat()),
            }
        }
        _ => {
            let child = [module, std::slice::from_ref(first)].concat();
            known.contains(&child).then(|| [module, path].concat())
        }
    }
}

/// Each pair of sibling modules that import each other, directly or through other modules, with the imports that close the
/// circle.
fn circles(imports: &Imports) -> Vec<String> {
    let mut levels: BTreeMap<Module, BTreeMap<(String, String), &str>> = BTreeMap::new();
    for ((from, to), place) in &imports.edges {
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        let siblings = (from[common].clone(), to[common].clone());
        let level = levels.entry(from[..common].to_vec()).or_default();
        level.entry(siblings).or_insert(place);
    }
    let mut report = Vec::new();
    for (parent, edges) in &levels {
        for ((from, to), place) in edges {
            if reaches(edges, to, from) {
                report.push(format!(
                    "{place}: {}: `{from}` and `{to}` import each other",
                    parent.join("::")
                ));
            }
        }
    }
    report
}

fn reaches(edges: &BTreeMap<(String, String), &str>, from: &str, wanted: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(place) = open.pop() {
        if place == wanted {
            return true;
        }
        if seen.insert(place) {
            open.extend(
                edges
                    .keys()
                    .filter(|(a, _)| a == place)
                    .map(|(_, b)| b.as_str()),
            );
        }
    }
    false
}

/// Imports from a higher layer, or from another folder of the same layer.
fn upward(imports: &Imports) -> Vec<String> {
    let floor_of = |folder: &str| FLOORS.iter().position(|floor| floor.contains(&folder));
    let mut report = Vec::new();
    for ((from, to), place) in &imports.edges {
        let (Some(from), Some(to)) = (from.first(), to.first()) else {
            continue;
        };
        match (floor_of(from), floor_of(to)) {
            (Some(above), Some(below)) if from == to || above < below => {}
            (Some(_), Some(_)) => report.push(format!(
                "{place}: `{from}` imports `{to}`, which is not below it"
            )),
            _ => report.push(format!(
                "{place}: `{from}` or `{to}` has no floor; give it one in FLOORS"
            )),
        }
    }
    report
}

/// Imports of a compatible API from a part of the agent that it must not know: another API, the clerk's inbox, the own routes.
fn beyond_dialect(imports: &Imports) -> Vec<String> {
    let mut report = Vec::new();
    for ((from, to), place) in &imports.edges {
        let [api, dialect, ..] = from.as_slice() else {
            continue;
        };
        if api != "api" || !DIALECTS.contains(&dialect.as_str()) {
            continue;
        }
        let allowed = match to.as_slice() {
            [api] if api == "api" => true,
            [api, part, ..] if api == "api" => part == dialect || SHARED.contains(&part.as_str()),
            [clerk, part, ..] if clerk == "clerk" => part == "answer",
            // This API is that of a fiscal module, whose calls and errors it passes on.
            [seal, part, ..] if seal == "seal" => dialect == "fiscalbox" && part == "fiscal_module",
            [folder, ..] => {
                !["agent", "cli", "outbox", "seal", "simulator"].contains(&folder.as_str())
            }
            [] => true,
        };
        if !allowed {
            report.push(format!(
                "{place}: the API `{dialect}` imports `{}`; it may use the service",
                to.join("::")
            ));
        }
    }
    report
}

/// The folders of compatible APIs in `edge-agent/src/api/`.
const DIALECTS: &[&str] = &["fiscalcloud", "fiscalbox", "sign_at", "ereceipt"];
/// The parts of `edge-agent/src/api/` that compatible APIs share.
const SHARED: &[&str] = &[
    "admission",
    "auth",
    "cashier",
    "deliveries",
    "described",
    "dialect",
    "json",
    "lanes",
    "link_misses",
    "nearest",
    "outcome",
    "problem",
    "response",
    "service",
    "settings",
    "token",
    "token_login",
    "tax_office",
];

// Tests of the rules themselves.

fn planted(files: &[(&str, &str)]) -> Imports {
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| Source::parse(path, text))
        .collect();
    Imports::of("edge-agent/src", &sources.iter().collect::<Vec<_>>())
}

#[test]
fn a_planted_circle_is_found() {
    let files = planted(&[
        ("edge-agent/src/lib.rs", "pub mod a; pub mod b;"),
        ("edge-agent/src/a.rs", "use crate::b::B;\npub struct A;"),
        (
            "edge-agent/src/b.rs",
            "pub struct B;\nfn f(_: super::a::A) {}",
        ),
    ]);
    assert_eq!(circles(&files).len(), 2);

    let folders = planted(&[
        ("edge-agent/src/lib.rs", ""),
        ("edge-agent/src/a/x.rs", "use crate::b::{y::Y, z};"),
        ("edge-agent/src/a/mod.rs", "mod x;"),
        ("edge-agent/src/a/w.rs", ""),
        ("edge-agent/src/b/mod.rs", "pub mod y;\npub mod z;"),
        ("edge-agent/src/b/y.rs", ""),
        ("edge-agent/src/b/z.rs", "use crate::a::w::W;"),
    ]);
    assert_eq!(
        circles(&folders).len(),
        2,
        "between folders, over different files"
    );

    let reexport = planted(&[
        (
            "edge-agent/src/lib.rs",
            "pub mod a; pub mod b; pub use a::A;",
        ),
        ("edge-agent/src/a.rs", "use crate::b::B;"),
        ("edge-agent/src/b.rs", "use crate::A;"),
    ]);
    assert_eq!(circles(&reexport).len(), 2, "behind a re-export");

    let none = planted(&[
        ("edge-agent/src/lib.rs", "pub mod a; pub mod b;"),
        (
            "edge-agent/src/a/mod.rs",
            "mod c;\nuse c::C;\nuse crate::b::B;",
        ),
        ("edge-agent/src/a/c.rs", "use super::A;\nuse crate::b::B;"),
        (
            "edge-agent/src/b.rs",
            "#[cfg(test)]\nmod tests { use crate::a::A; }",
        ),
    ]);
    assert_eq!(circles(&none), Vec::<String>::new());
}

#[test]
fn a_planted_upward_import_is_found() {
    let up = |text: &str| {
        upward(&planted(&[
            ("edge-agent/src/clerk/mod.rs", text),
            ("edge-agent/src/api/json.rs", ""),
            ("edge-agent/src/order.rs", ""),
        ]))
    };
    assert_eq!(up("use crate::api::json::JsonValue;").len(), 1);
    assert_eq!(up("use crate::order::OrderForm;"), Vec::<String>::new());
    let unknown = planted(&[
        (
            "edge-agent/src/attic/mod.rs",
            "use crate::order::OrderForm;",
        ),
        ("edge-agent/src/order.rs", ""),
    ]);
    assert_eq!(upward(&unknown).len(), 1, "a folder without a floor");
}

#[test]
fn a_planted_import_of_another_dialect_is_found() {
    let imports = planted(&[
        ("edge-agent/src/lib.rs", "pub mod api; pub mod clerk;"),
        ("edge-agent/src/clerk/message.rs", "pub enum Message {}"),
        ("edge-agent/src/clerk/answer.rs", "pub enum FiscalState {}"),
        ("edge-agent/src/api/service.rs", ""),
        ("edge-agent/src/api/replay.rs", ""),
        ("edge-agent/src/api/fiscalcloud/answer.rs", ""),
        (
            "edge-agent/src/api/sign_at/mod.rs",
            "use crate::api::fiscalcloud::answer::A;\nuse crate::api::replay::B;\nuse crate::clerk::message::Message;",
        ),
        (
            "edge-agent/src/api/sign_at/route.rs",
            "use crate::api::service::C;\nuse super::D;\nuse crate::clerk::answer::FiscalState;",
        ),
    ]);
    let report = beyond_dialect(&imports);
    assert_eq!(report.len(), 3, "{report:?}");
}
