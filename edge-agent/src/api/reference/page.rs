//! The pages for people: `/docs` with a line for each operation, and a page for each table of operations. They are made from the same
//! tables as the OpenAPI document.

use std::fmt::Write as _;

use super::Part;
use super::openapi::{names, operation_id};
use super::responses::HEADERS;
use crate::api::described::schema::{OTHERS, Schemas, WrittenSchema};
use crate::api::described::{Access, DescribedOperation, Form, RefusalAnswer, States};
use crate::api::html::{escaped, whole_page};

/// The page `/docs`: every operation in a line, with a link to its description.
pub(super) fn index(parts: &[Part]) -> String {
    let mut body = INDEX.to_owned();
    for Part { table, operations } in parts {
        let (page, title) = (table.page, escaped(table.title));
        let _ = writeln!(body, "<h2><a href=/docs/{page}>{title}</a></h2>\n<ul>");
        for operation in operations {
            let DescribedOperation {
                method, path, says, ..
            } = operation;
            let _ = writeln!(
                body,
                "<li><a href=/docs/{page}#{}><b>{method}</b> <code>{}</code></a> {}",
                operation_id(operation),
                escaped(path),
                escaped(says)
            );
        }
        body.push_str("</ul>\n");
    }
    body.push_str("<h2 id=headers>Headers of answers</h2>\n<ul>\n");
    for (name, _, says) in HEADERS {
        let _ = writeln!(body, "<li><code>{name}</code>: {}", escaped(says));
    }
    body.push_str("</ul>\n");
    whole_page("Ferrotill: the APIs of this till", STYLE, &body)
}

/// The page of one table.
pub(super) fn page(part: &Part, schemas: &Schemas) -> String {
    let Part { table, operations } = part;
    let mut body = format!(
        "<h1>{}</h1>\n<p><a href=/docs>All operations</a>. <a href=/docs/errors>Error types</a>. <a href=/openapi.json>OpenAPI document</a>.</p>\n",
        escaped(table.title)
    );
    body.push_str(&introduction(operations));
    if !table.introduction.is_empty() {
        let _ = writeln!(body, "<p>{}</p>", marked(table.introduction));
    }
    let common = common_refusals(operations);
    if !common.is_empty() {
        let links: Vec<String> = common.iter().map(|refusal| refusal_link(refusal)).collect();
        let _ = writeln!(
            body,
            "<p>Beside what is listed, every operation of this page may answer {}. Every answer may have <a href=/docs#headers>headers</a>.</p>",
            links.join(", ")
        );
    }
    let (mut group, mut shown) = ("", Vec::new());
    for operation in operations {
        if operation.group != group {
            group = operation.group;
            if group != table.title {
                let _ = writeln!(body, "<h2>{}</h2>", escaped(group));
            } else {
                body.push_str("<h2>Operations</h2>\n");
            }
        }
        body.push_str(&operation_html(operation, &common, schemas, &mut shown));
    }
    body.push_str("<h2>Answers other than 200</h2>\n");
    for refusal in all_refusals(operations) {
        body.push_str(&refusal_html(refusal, schemas));
    }
    body.push_str("<h2>Schemas</h2>\n");
    body.push_str(&schemas_html(operations, schemas));
    whole_page(&format!("Ferrotill: {}", table.title), STYLE, &body)
}

const STYLE: &str =
    "h3 { margin: 1rem 0 0; padding: 0.2rem 0 0; border-top: 1px solid #767676; font-size: 1rem; }
h3 b, h3 code { font-size: 1rem; }
h3 span { font-weight: normal; }
ul, p { margin: 0.2rem 0; }
";

const INDEX: &str = "<h1>The APIs of this till</h1>
<p>For programs: <a href=/openapi.json>/openapi.json</a>. Error types: <a href=/docs/errors>/docs/errors</a>.</p>
<p>Give each call that makes a document an <code>id</code> of its own, and the same one to repeat it. <code>X-Fiscal-State</code> says what is known of the id,
and <code>X-Operation-Id</code> names it.</p>
";

const SIGNED: &str = "<p>A signed call has the headers <code>Api-Key</code>, <code>Api-Timestamp</code> (milliseconds) and <code>Api-Signature</code>: the lower-case hexadecimal
HMAC-SHA256, with the client's secret as key, of device id, point of sale id, timestamp, method, path with query, and body, one after the other.
<code>ferrotill api sign</code> prints these headers. Device and point of sale stand in the headers <code>Api-DeviceId</code> and <code>Api-PointOfSaleId</code>; the
point of sale may be left out where the device has one.</p>
";

const TOKEN: &str = "<p>A call with an access token has the header <code>Authorization: Bearer</code> and the token.</p>\n";

const ENVELOPE: &str = "<p>\u{201c}Data\u{201d} before a schema means that it stands as <code>data</code> in an <a href=#ApiResponse>ApiResponse</a>.</p>\n";

/// What a caller must send to these operations, and the form that their answers share.
fn introduction(operations: &[&'static DescribedOperation]) -> String {
    let mut html = String::new();
    let needs =
        |wanted: fn(Access) -> bool| operations.iter().any(|operation| wanted(operation.access));
    if needs(|access| !matches!(access, Access::Open | Access::Token)) {
        html.push_str(SIGNED);
    }
    if needs(|access| access == Access::Token) {
        html.push_str(TOKEN);
    }
    let has_envelope = names(operations)
        .iter()
        .any(|name| name != "ApiResponse" && name.ends_with("ApiResponse"));
    if has_envelope {
        html.push_str(ENVELOPE);
    }
    html
}

/// The answers that every one of these operations may give.
fn common_refusals(operations: &[&'static DescribedOperation]) -> Vec<&'static RefusalAnswer> {
    let mut common = all_refusals(operations);
    common.retain(|refusal| {
        operations.iter().all(|operation| {
            operation
                .refusals
                .iter()
                .any(|own| own.name == refusal.name)
        })
    });
    common
}

fn refusal_link(refusal: &RefusalAnswer) -> String {
    format!("<a href=#{}>{}</a>", refusal.name, refusal.status)
}

/// An operation; its example and the meaning of its parameters are left out if they are shown already.
fn operation_html(
    operation: &DescribedOperation,
    common: &[&'static RefusalAnswer],
    schemas: &Schemas,
    shown: &mut Vec<&'static str>,
) -> String {
    let DescribedOperation {
        method, path, says, ..
    } = operation;
    let mut html = format!(
        "<h3 id={}><b>{method}</b> <code>{}</code> <span>{}</span></h3>\n",
        operation_id(operation),
        escaped(path),
        escaped(says)
    );
    if !operation.more.is_empty() {
        let _ = writeln!(html, "<p>{}", marked(operation.more));
    }
    let needed = match operation.access {
        Access::Open => "Open.",
        Access::Token => "With an access token.",
        Access::Signed => "Signed.",
        Access::SignedMaybeForDevice => "Signed, with the device if there are several.",
        Access::SignedForDevice => "Signed, with the device.",
        Access::SignedForPointOfSale => "Signed, with device and point of sale.",
    };
    let states = match operation.states {
        States::Nothing => "",
        States::OfThePath => " It says the state of the id.",
        States::OfTheDocument => " It makes a document.",
    };
    let _ = writeln!(html, "<p>{needed}{states}");
    for parameter in operation.parameters {
        let _ = write!(html, "<p><code>?{}</code>", parameter.name);
        if !shown.contains(&parameter.says) {
            shown.push(parameter.says);
            let _ = write!(html, ": {}", marked(parameter.says));
        }
        html.push('\n');
    }
    if let Some(body) = &operation.body {
        let may = if body.is_needed {
            ""
        } else {
            " (may be left out)"
        };
        let list = if body.is_list { "a list of " } else { "" };
        let _ = writeln!(html, "<p>Body: {list}{}{may}", link(body.schema, schemas));
        if !shown.contains(&body.example) {
            shown.push(body.example);
            let _ = writeln!(html, "<pre>{}</pre>", escaped(body.example));
        }
    }
    let _ = write!(html, "<p>200: {}", form_html(operation.success, schemas));
    let others = operation.refusals.iter();
    for refusal in others.filter(|refusal| !common.iter().any(|it| it.name == refusal.name)) {
        let _ = write!(html, "; {}", refusal_link(refusal));
    }
    html.push('\n');
    html
}

fn form_html(form: Form, schemas: &Schemas) -> String {
    match form {
        Form::Json(name) => link(name, schemas),
        Form::OneOf(names) => {
            let links: Vec<String> = names.iter().map(|name| link(name, schemas)).collect();
            links.join(" or ")
        }
        Form::List(name) => format!("a list of {}", link(name, schemas)),
        Form::AnyObject => "an object".to_owned(),
        Form::Text => "a text".to_owned(),
        Form::Page => "a page".to_owned(),
        Form::Empty => "nothing".to_owned(),
    }
}

/// A link to a schema. Envelopes and pages are named by what they hold, and a schema that is another one by that one.
fn link(name: &str, schemas: &Schemas) -> String {
    if name != "ApiResponse"
        && let Some(data) = name.strip_suffix("ApiResponse")
    {
        return format!("data {}", link(data, schemas));
    }
    if let Some(item) = name.strip_suffix("PagedResponse") {
        return format!("a page of {}", link(item, schemas));
    }
    let name = schemas
        .find(name)
        .and_then(|schema| same_as(&schema))
        .unwrap_or(name);
    format!("<a href=#{name}>{name}</a>")
}

/// The schema that a schema is under another name.
fn same_as(schema: &WrittenSchema) -> Option<&'static str> {
    match schema.parents.as_slice() {
        [only] if schema.members.is_empty() => Some(*only),
        _ => None,
    }
}

fn all_refusals(operations: &[&'static DescribedOperation]) -> Vec<&'static RefusalAnswer> {
    let mut all: Vec<&RefusalAnswer> = Vec::new();
    for refusal in operations.iter().flat_map(|operation| operation.refusals) {
        if !all.iter().any(|known| known.name == refusal.name) {
            all.push(refusal);
        }
    }
    all.sort_by_key(|refusal| refusal.status);
    all
}

fn refusal_html(refusal: &RefusalAnswer, schemas: &Schemas) -> String {
    let mut html = format!(
        "<h3 id={}>{} {}</h3>\n<p>{} Form: {}.",
        refusal.name,
        refusal.status,
        refusal.name,
        marked(refusal.says),
        form_html(refusal.form, schemas)
    );
    if refusal.any_refusal {
        html.push_str(" Every <a href=/docs/errors>refusal and fault of a printer</a>, and:");
    } else if !refusal.errors.is_empty() {
        html.push_str(" Errors:");
    }
    for code in refusal.errors {
        let _ = write!(html, " {code}");
    }
    html.push('\n');
    html
}

fn schemas_html(operations: &[&'static DescribedOperation], schemas: &Schemas) -> String {
    let mut html = String::new();
    let mut shown: Vec<String> = Vec::new();
    let mut open = schemas.reached(names(operations));
    open.reverse();
    while let Some(name) = open.pop() {
        let is_derived = name.ends_with("PagedResponse")
            || (name != "ApiResponse" && name.ends_with("ApiResponse"));
        if is_derived || shown.contains(&name) {
            continue;
        }
        if let Some(schema) = schemas.find(&name) {
            if same_as(&schema).is_none() {
                html.push_str(&schema_html(&schema, schemas));
            }
            open.extend(schema.parents.iter().map(|parent| (*parent).to_owned()));
        }
        shown.push(name);
    }
    html
}

fn schema_html(schema: &WrittenSchema, schemas: &Schemas) -> String {
    let name = &schema.name;
    let mut html = format!("<h3 id={name}>{name}</h3>\n");
    let parents = schema.parents.iter().map(|parent| link(parent, schemas));
    let parents: Vec<String> = parents.collect();
    if !parents.is_empty() {
        let _ = writeln!(html, "<p>All members of {}.", parents.join(" and "));
    }
    if !schema.members.is_empty() {
        html.push_str("<ul>\n");
    }
    for member in &schema.members {
        let needed = match (schema.is_request, member.is_needed) {
            (true, true) => ", needed",
            (false, false) => ", may be missing",
            _ => "",
        };
        let says = if member.says.is_empty() {
            String::new()
        } else {
            format!(". {}", marked(member.says))
        };
        let name = match member.name {
            OTHERS => "any other names",
            name => name,
        };
        let _ = writeln!(
            html,
            "<li>{name}: {}{needed}{says}",
            type_html(&member.kind, schemas)
        );
    }
    if !schema.members.is_empty() {
        html.push_str("</ul>\n");
    }
    html
}

/// A type in words.
fn type_html(kind: &str, schemas: &Schemas) -> String {
    let (kind, null) = kind
        .strip_suffix('?')
        .map_or((kind, ""), |kind| (kind, " or null"));
    if let Some(item) = kind
        .strip_prefix('[')
        .and_then(|kind| kind.strip_suffix(']'))
    {
        return format!("list of {}{null}", type_html(item, schemas));
    }
    let kind = kind.trim_start_matches('=');
    if kind.contains('|') {
        return format!("{}{null}", kind.replace('|', ", "));
    }
    if kind.starts_with(|first: char| first.is_ascii_uppercase()) {
        return format!("{}{null}", link(kind, schemas));
    }
    format!("{kind}{null}")
}

/// A text whose parts between backticks are code.
fn marked(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(html, "<code>{}</code>", escaped(part));
        } else {
            html.push_str(&escaped(part));
        }
    }
    html
}
