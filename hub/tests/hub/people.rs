//! The pages and the JSON for people.

use std::process::{Command, Stdio};

use ferrotill_hub::clock::now_ms;
use ferrotill_hub_protocol::{Answer, Difference, HealthProblem, Severity, Sum};
use serde_json::Value;

use super::support::client::{Connection, Reply};
use super::*;

const PASSWORD: &str = "correct horse battery";

impl Shop {
    /// Adds a person who may look.
    fn person(&self, name: &str) {
        use std::io::Write as _;
        let mut verb = Command::new(env!("CARGO_BIN_EXE_ferrotill-hub"))
            .args(["person", "--config"])
            .arg(self.folder.path().join("hub.toml"))
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut typed = verb.stdin.take().unwrap();
        writeln!(typed, "{PASSWORD}").unwrap();
        drop(typed);
        assert!(verb.wait().unwrap().success());
    }

    async fn get(&self, path: &str, head: &str) -> Reply {
        let mut connection = Connection::open(self.hub.people, None).await.unwrap();
        connection.get(path, head).await.unwrap()
    }

    async fn post_form(&self, path: &str, head: &str, form: &str) -> Reply {
        let mut connection = Connection::open(self.hub.people, None).await.unwrap();
        let head = format!("Content-Type: application/x-www-form-urlencoded\r\n{head}");
        connection
            .send("POST", path, &head, form.as_bytes())
            .await
            .unwrap();
        connection.reply().await.unwrap()
    }

    /// Signs in; the head with the cookie.
    async fn signs_in(&self, name: &str) -> String {
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let reply = self.post_form("/sign-in", "", &form).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
        let cookie = reply.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
        format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        use base64::Engine as _;
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("Ana:{PASSWORD}"));
        let reply = self
            .get(path, &format!("Authorization: Basic {basic}\r\n"))
            .await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// Two tills: one has sold, has a gap and a difference in its Z-reports, and has problems; the other has never reported.
    async fn with_tills(&self) -> (TestTill, TestTill) {
        self.person("Ana");
        let (mut first, second) = (self.till().await, self.till().await);
        let mut rows: Vec<_> = (1..=75).map(|sequence| first.row(sequence)).collect();
        for row in &mut rows {
            row.at_ms = now_ms() - 1_000 * (80 - row.sequence.cast_signed());
        }
        rows[74].z_number = Some(5);
        let difference = |name: &str, till, other| Difference {
            side: "printer".to_owned(),
            name: name.to_owned(),
            till,
            other,
        };
        let z_report = rows[74].z_report.as_mut().unwrap();
        z_report.sums = vec![Sum {
            name: "sales group A".to_owned(),
            amount: 30_000,
        }];
        z_report.differences = vec![
            difference("sales group A", 30_000, 29_999),
            difference("receipts <b>", 12, 13),
        ];
        let batch = first.batch_of(first.acknowledged.1, rows);
        let answer = first.send(self.hub.tills, &batch).await;
        assert_eq!(answer, Answer::Acknowledged { up_to: 75 });
        first.acknowledged = (75, batch.batch().hash());
        let mut report = first.health(now_ms());
        report.ready = false;
        report.offline_since_ms = Some(now_ms() - 7_200_000);
        report.problems = vec![HealthProblem {
            id: "printer_silent".to_owned(),
            part: "printer".to_owned(),
            severity: Severity::Error,
            since_ms: now_ms() - 60_000,
            text: "The printer does not answer; <look> at its cable.".to_owned(),
        }];
        assert_eq!(first.reports(self.hub.tills, &report).await, Answer::Taken);
        (first, second)
    }
}

#[test]
fn without_signing_in_nothing_is_shown() {
    with_shop(|shop| async move {
        shop.with_tills().await;
        for path in ["/", "/tills", "/z", "/tills/x"] {
            let reply = shop.get(path, "").await;
            assert_eq!(
                (reply.status, reply.header("location")),
                (303, Some("/sign-in")),
                "{path}"
            );
        }
        for path in [
            "/api/v1/overview",
            "/api/v1/tills",
            "/api/v1/z",
            "/api/v1/documents",
            "/api/v1/tills/x",
        ] {
            let reply = shop
                .get(
                    path,
                    "Cookie: ferrotill_hub_session=0123456789012345678901234567890123456789012\r\n",
                )
                .await;
            assert_eq!(reply.status, 401, "{path}");
            assert!(
                reply
                    .header("www-authenticate")
                    .unwrap()
                    .starts_with("Basic")
            );
        }
        assert_eq!(shop.get("/healthz", "").await.status, 200);
        assert_eq!(shop.get("/nothing", "").await.status, 404);
    });
}

#[test]
fn the_pages_are_in_the_language_of_the_person() {
    with_shop(|shop| async move {
        let (first, second) = shop.with_tills().await;
        let cookie = shop.signs_in("Ana").await;
        let till = format!("/tills/{}", first.id);
        let paths = ["/", "/tills", &till, "/z?differences=yes", "/sign-in"];
        for (language, sells_not, ago) in [
            ("en", "cannot sell", "without the authority for 2 h"),
            ("ro", "nu poate vinde", "fără Serviciul Fiscal de 2 h"),
            ("ru", "не может продавать", "без налоговой 2 ч"),
            ("uk", "не може продавати", "без податкової 2 год"),
            ("uz", "sota olmaydi", "2 soat soliq idorasisiz"),
            ("de", "kann nicht verkaufen", "ohne Finanzamt seit 2 Std."),
        ] {
            let head = format!("{cookie}Accept-Language: fr, {language};q=0.8\r\n");
            for path in paths {
                let page = shop.get(path, &head).await.text();
                let of_page = format!("<html lang=\"{language}");
                assert!(page.contains(&of_page), "{language} {path}: {page}");
                assert!(!page.contains("{$"), "{language} {path}: {page}");
            }
            let page = shop.get("/tills", &head).await.text();
            assert!(page.contains(sells_not) && page.contains(ago), "{page}");
        }
        let chosen = shop.get("/tills?language=uk", &cookie).await;
        assert!(chosen.text().contains("<html lang=\"uk\">"));
        let remembered = chosen.header("set-cookie").unwrap();
        assert!(
            remembered.starts_with("ferrotill_hub_language=uk; "),
            "{remembered}"
        );
        let both = format!(
            "{}; ferrotill_hub_language=uk\r\nAccept-Language: de\r\n",
            cookie.trim_end()
        );
        let later = shop.get(&format!("/tills/{}", second.id), &both).await;
        assert!(later.text().contains("<html lang=\"uk\">"));
        assert!(later.header("set-cookie").is_none());
        let unknown = shop.get("/tills?language=xx", &cookie).await;
        assert!(unknown.text().contains("<html lang=\"en\">"));
    });
}

#[test]
fn the_pages_show_who_sells_and_what_is_wrong() {
    with_shop(|shop| async move {
        let (first, second) = shop.with_tills().await;
        let cookie = shop.signs_in("Ana").await;
        let overview = shop.get("/", &cookie).await;
        let policy = overview.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("script"),
            "{policy}"
        );
        let text = overview.text();
        for says in [
            "25.00 EUR, documents: 2",
            "cannot sell",
            "without the authority for 2 h",
            "problems: 1",
            "has never reported",
            &first.id.to_string(),
        ] {
            assert!(text.contains(says), "{says}\n{text}");
        }
        let page = shop
            .get(&format!("/tills/{}", first.id), &cookie)
            .await
            .text();
        for says in [
            "The printer does not answer; &lt;look&gt; at its cable.",
            "Z-reports missing before this one: 2",
            "sales group A: till 300.00 EUR, printer 299.99 EUR",
            "receipts &lt;b&gt;: till 12, printer 13",
            "Market street 5",
        ] {
            assert!(page.contains(says), "{says}\n{page}");
        }
        let z = shop.get("/z?differences=yes", &cookie).await.text();
        assert_eq!(z.matches("<tr><td>").count(), 1, "{z}");
        assert_eq!(
            shop.get("/tills", &cookie)
                .await
                .text()
                .matches("<th scope=row>")
                .count(),
            2
        );
        assert_eq!(shop.get("/z?day=May", &cookie).await.status, 400);
        assert_eq!(
            shop.get(&format!("/tills/{}", Uuid::nil()), &cookie)
                .await
                .status,
            404
        );
        shop.folder.succeeds(&["revoke", &second.id.to_string()]);
        let page = shop
            .get(&format!("/tills/{}", second.id), &cookie)
            .await
            .text();
        assert!(page.contains("revoked on "), "{page}");
        for (path, reply) in [
            ("/", overview),
            ("/tills", shop.get("/tills", &cookie).await),
        ] {
            assert!(reply.body.len() < 100_000, "{path}");
            assert!(!reply.text().contains("<script"), "{path}");
        }
    });
}

#[test]
fn a_session_ends_when_the_person_signs_out() {
    with_shop(|shop| async move {
        shop.person("Ana");
        let cookie = shop.signs_in("Ana").await;
        let page = shop.get("/tills", &cookie).await.text();
        let token = page.split("name=token value=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap();
        let foreign = shop.post_form("/sign-out", &cookie, "token=x").await;
        assert_eq!(foreign.status, 403);
        assert_eq!(shop.get("/tills", &cookie).await.status, 200);
        let out = shop
            .post_form("/sign-out", &cookie, &format!("token={token}"))
            .await;
        assert_eq!(out.status, 303);
        assert_eq!(shop.get("/tills", &cookie).await.status, 303);
        // A person who is removed has no session any more.
        let cookie = shop.signs_in("Ana").await;
        shop.folder.succeeds(&["person", "Ana", "--remove"]);
        assert_eq!(shop.get("/tills", &cookie).await.status, 303);
    });
}

#[test]
fn five_wrong_passwords_lock_a_name() {
    with_shop(|shop| async move {
        shop.person("Ana");
        let wrong = || shop.post_form("/sign-in", "", "name=Ana&password=wrong");
        for _ in 0..5 {
            assert_eq!(wrong().await.status, 403);
        }
        let form = format!("name=Ana&password={}", PASSWORD.replace(' ', "+"));
        let reply = shop.post_form("/sign-in", "", &form).await;
        assert_eq!(reply.status, 429);
        assert!(reply.text().contains("five wrong passwords"));
        // A new password opens the name again.
        shop.person("Ana");
        shop.signs_in("Ana").await;
        let foreign = "Sec-Fetch-Site: cross-site\r\n";
        assert_eq!(shop.post_form("/sign-in", foreign, &form).await.status, 403);
    });
}

#[test]
fn head_office_reads_the_same_as_json() {
    with_shop(|shop| async move {
        let (first, second) = shop.with_tills().await;
        let overview = shop.json("/api/v1/overview").await;
        assert_eq!(overview["tills"], 2);
        assert_eq!(
            (&overview["not_ready"], &overview["silent"]),
            (&1.into(), &1.into())
        );
        assert_eq!(overview["unsent"][0]["total"], 2_500);
        let page = shop.json("/api/v1/tills?limit=1").await;
        assert_eq!(page["tills"].as_array().unwrap().len(), 1);
        let next = page["next"].as_str().unwrap();
        let rest = shop
            .json(&format!("/api/v1/tills?limit=5&after={next}"))
            .await;
        let ids = [&page["tills"][0]["id"], &rest["tills"][0]["id"]];
        let mut expected = [first.id.to_string(), second.id.to_string()];
        expected.sort();
        assert_eq!(ids, [expected[0].as_str(), expected[1].as_str()]);
        assert_eq!(rest["next"], Value::Null);
        let till = shop.json(&format!("/api/v1/tills/{}", first.id)).await;
        assert_eq!(till["health"]["problems"][0]["id"], "printer_silent");
        assert_eq!(till["documents"], 75);
        let z = shop.json("/api/v1/z").await;
        assert_eq!(z["z_reports"][0]["missing_before"], 2);
        assert_eq!(
            z["z_reports"][0]["report"]["differences"][0]["other"],
            29_999
        );
        let cookie = shop.signs_in("Ana").await;
        let csv = shop.get("/api/v1/documents?as=csv", &cookie).await;
        assert_eq!(csv.text().lines().count(), 76);
        assert_eq!(csv.text(), shop.folder.succeeds(&["export"]));
        let faults = shop
            .get("/api/v1/documents?as=xml&from=x&colour=red", &cookie)
            .await;
        assert_eq!(faults.status, 400);
        let said: Value = serde_json::from_slice(&faults.body).unwrap();
        assert_eq!(said["faults"].as_array().unwrap().len(), 3, "{said}");
    });
}

#[test]
fn the_document_names_every_route() {
    let document: Value =
        serde_json::from_str(include_str!("../../src/people/assets/openapi.json")).unwrap();
    let source = include_str!("../../src/people/mod.rs");
    let routes: Vec<&str> = source
        .split(".route(\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|path| path.starts_with("/api/") || *path == "/healthz")
        .collect();
    let mut described: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    described.sort();
    let mut routes: Vec<String> = routes.into_iter().map(str::to_owned).collect();
    routes.sort();
    assert_eq!(described, routes.iter().collect::<Vec<_>>());
}
