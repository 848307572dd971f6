//! The files of a data folder belong to the owner of the folder, whoever ran a command: a service with a user of its own starts after
//! an operator has worked as root.

mod shop;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use shop::outside::{Process, finished, program};
use shop::till::SALE;
use shop::{config, value};

/// A user without rights, in place of the user of the service.
const SERVICE: u32 = 65_534;

/// True if this test may give files away. Otherwise the test is left out.
fn is_root() -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        eprintln!("left out: only root can give files to another user");
    }
    is_root
}

struct OwnedShop {
    printer: Process,
    authority: Process,
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl OwnedShop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
        let printer = Process::emulator(&link, &memory, "115200");
        let authority = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let config = config(&folder.path().join("books"), &uri, &authority.client.url).set(
            "api",
            "listen",
            text("127.0.0.1:0"),
        );
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        chown(&file, Some(SERVICE), Some(SERVICE)).unwrap();
        let shop = Self {
            printer,
            authority,
            file,
            folder,
        };
        shop.new_folder();
        shop
    }

    /// A data folder of the service, with nothing in it.
    fn new_folder(&self) {
        fs::create_dir(self.books()).unwrap();
        fs::set_permissions(self.books(), fs::Permissions::from_mode(0o700)).unwrap();
        chown(self.books(), Some(SERVICE), Some(SERVICE)).unwrap();
    }

    fn books(&self) -> PathBuf {
        self.folder.path().join("books")
    }

    fn as_root(&self, arguments: &[&str]) -> (i32, JsonValue) {
        let file = self.file.to_str().unwrap();
        let (code, said) = finished(&[arguments, &["--config", file]].concat());
        (code.unwrap(), said)
    }

    /// Runs a command as the service. Returns its exit code and what it says on standard error.
    fn as_service(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = program();
        let command = command.args(arguments).arg("--config").arg(&self.file);
        let output = command.uid(SERVICE).gid(SERVICE).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), said)
    }

    /// The agent as the user of the service.
    fn service(&self) -> Process {
        Process::agent_of_user(&self.file, SERVICE)
    }

    fn all_belong_to_the_service(&self) {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.books()).unwrap() {
            let entry = entry.unwrap();
            let found = entry.metadata().unwrap();
            names.push(entry.file_name().into_string().unwrap());
            let ids = (found.uid(), found.gid());
            assert_eq!(ids, (SERVICE, SERVICE), "{}", entry.path().display());
        }
        assert!(names.iter().any(|name| name == "agent.lock"), "{names:?}");
    }

    fn of_root(&self, name: &str) {
        let path = self.books().join(name);
        if !path.exists() {
            fs::write(&path, "").unwrap();
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(0), Some(0)).unwrap();
    }
}

/// The check of `doctor` about the owners of the files.
fn check(told: &JsonValue) -> &JsonValue {
    let JsonValue::Array(checks) = value(told, "checks") else {
        panic!("{told}");
    };
    let is_it = |check: &&JsonValue| value(check, "id").scalar() == "data_folder_owner";
    checks.iter().find(is_it).unwrap()
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_till_that_root_has_restored_is_started_by_its_service() {
    if !is_root() {
        return;
    }
    let shop = OwnedShop::new();
    let backup = shop.folder.path().join("b.tar");
    // An operator starts the till as root in a fresh folder first.
    let mut agent = Process::agent(&shop.file);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    let (code, told) = shop.as_root(&["person", "add", "Ana", "--rights", "settle"]);
    assert_eq!(code, 0, "{told}");
    agent.stop();
    shop.all_belong_to_the_service();
    let mut agent = shop.service();
    assert_eq!(agent.client.open("/healthz").status, 200);
    agent.stop();
    let (code, told) = shop.as_root(&["backup", "create", name(&backup)]);
    assert_eq!(code, 0, "{told}");

    fs::rename(shop.books(), shop.folder.path().join("old")).unwrap();
    shop.new_folder();
    // A restore that fails leaves nothing that keeps the service from starting.
    let damaged = shop.folder.path().join("damaged.tar");
    fs::write(&damaged, "no backup").unwrap();
    assert_eq!(shop.as_root(&["restore", name(&damaged)]).0, 1);
    shop.all_belong_to_the_service();
    let (code, told) = shop.as_root(&["restore", name(&backup)]);
    assert_eq!(code, 0, "{told}");
    shop.all_belong_to_the_service();
    let accepted = ["restore", name(&backup), "--accept-loss", "--by", "Ana"];
    let (code, told) = shop.as_root(&accepted);
    assert_eq!(code, 0, "{told}");
    shop.all_belong_to_the_service();
    let agent = shop.service();
    assert_eq!(agent.client.open("/healthz").status, 200);
}

#[test]
fn a_file_of_root_is_named_and_given_to_the_service() {
    if !is_root() {
        return;
    }
    let shop = OwnedShop::new();
    let mut agent = shop.service();
    agent.stop();
    for file in ["agent.lock", "ferrotill.db", "journal.key"] {
        shop.of_root(file);
        let (code, said) = shop.as_service(&["run"]);
        assert_eq!(code, 9, "{file}: {said}");
        let path = shop.books().join(file).display().to_string();
        assert!(said.contains(&path), "{file}: {said}");
        assert!(said.contains("belongs to root:root"), "{file}: {said}");
        assert!(said.contains("sudo chown "), "{file}: {said}");
        assert!(!said.contains("free space"), "{file}: {said}");

        // The service's own user sees the fault and cannot repair it; root can.
        let (code, _) = shop.as_service(&["doctor"]);
        assert_eq!(code, 9, "{file}");
        let (_, told) = shop.as_root(&["doctor"]);
        let found = check(&told).to_string();
        assert!(found.contains(file), "{found}");
        assert_eq!(
            value(check(&told), "fixable").to_string(),
            "true",
            "{found}"
        );
        let (_, told) = shop.as_root(&["doctor", "--fix"]);
        assert_eq!(
            value(check(&told), "repaired").to_string(),
            "true",
            "{told}"
        );
        shop.all_belong_to_the_service();
        let mut agent = shop.service();
        agent.stop();
    }
    drop((shop.printer, shop.authority));
}
