//! The verbs of the program.

use super::*;

#[test]
fn an_existing_authority_is_never_replaced() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let folder = HubFolder::new(&cluster.database());
    let before = std::fs::read(folder.path().join("authority/authority.pem")).unwrap();
    let output = folder.verb(&["init", "--name", "localhost"]);
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("an existing one is never replaced"),
        "{error}"
    );
    let after = std::fs::read(folder.path().join("authority/authority.pem")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn a_wrong_configuration_has_exit_code_3_and_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.toml");
    std::fs::write(&file, "[tills]\nlisten = 5\nnames = []\n").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ferrotill-hub"))
        .args(["tills", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let error = String::from_utf8(output.stderr).unwrap();
    for says in [
        "tills.listen: must be a text",
        "tills.names: is missing",
        "database.url: is missing",
    ] {
        assert!(error.contains(says), "{says}\n{error}");
    }
}

#[test]
fn documents_are_exported_as_csv_and_json() {
    with_shop(|shop| async move {
        let mut till = shop.till().await;
        till.sells(shop.hub.tills, 50).await;
        let csv = shop.folder.succeeds(&["export"]);
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 51);
        assert!(lines[0].starts_with("till,shop,epoch,sequence,"));
        assert!(
            lines[25].contains(",z_report,A,25,EUR,1250,sealed,1"),
            "{}",
            lines[25]
        );
        let json = shop.folder.succeeds(&[
            "export",
            "--as",
            "json",
            "--from",
            "2026-06-01",
            "--to",
            "2026-06-01",
        ]);
        let documents: Vec<serde_json::Value> = json
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(
            !documents.is_empty() && documents.len() < 50,
            "{}",
            documents.len()
        );
        assert!(
            documents
                .iter()
                .all(|document| document["business_day"] == "2026-06-01")
        );
        let out = shop.folder.path().join("out.csv");
        let out = out.to_str().unwrap();
        assert_eq!(shop.folder.succeeds(&["export", "--out", out]), "");
        assert_eq!(std::fs::read_to_string(out).unwrap(), csv);
        assert!(!shop.folder.verb(&["export", "--out", out]).status.success());
        assert!(
            !shop
                .folder
                .verb(&["export", "--from", "June"])
                .status
                .success()
        );
    });
}
