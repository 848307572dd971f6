//! The migrations fold: `schema.sql` is the sum of all steps.

use std::fs;

use super::*;

const EVERYTHING: &str = "\
SELECT c.relname, c.relkind, c.reloptions, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid) FROM pg_class c \
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' ORDER BY 1; \
SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default FROM information_schema.columns \
    WHERE table_schema = 'public' ORDER BY 1, 3; \
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2; \
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";

#[test]
fn the_steps_make_the_schema() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let (by_steps, at_once) = (cluster.database(), cluster.database());
    let folder = HubFolder::new(&by_steps);
    let again = folder.succeeds(&["migrate"]);
    assert!(again.contains("already"), "{again}");
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/schema.sql");
    cluster.psql(&at_once, &fs::read_to_string(schema).unwrap());
    let (folded, whole) = (
        cluster.psql(&by_steps, EVERYTHING),
        cluster.psql(&at_once, EVERYTHING),
    );
    assert!(folded.lines().count() > 60, "{folded}");
    assert_eq!(folded, whole);
}

#[test]
fn another_programs_tables_are_refused() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let url = cluster.database();
    let folder = HubFolder::new(&url);
    let refused = |says: &str| {
        for verb in ["run", "migrate"] {
            let output = folder.verb(&[verb]);
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(
                !output.status.success() && error.contains(says),
                "{verb}: {error}"
            );
        }
    };
    cluster.psql(
        &url,
        "INSERT INTO migration (step, name, sha256) VALUES (99, 'later', '')",
    );
    refused("a newer hub has worked on it");
    cluster.psql(
        &url,
        "DELETE FROM migration WHERE step = 99; UPDATE migration SET sha256 = 'x'",
    );
    refused("another step 1");
    cluster.psql(&url, "DROP TABLE migration");
    let output = folder.verb(&["run"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("type: ferrotill-hub migrate"), "{error}");
}
