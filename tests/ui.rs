//! What the compiler says of a misuse, word for word; `TRYBUILD=overwrite` writes the words anew.
//!
//! The words are those of one version of the compiler: [`KNOWN`]. Any other says some of them differently, so there the
//! test says that it was left out, which is a failure where nobody would read it (`CI=true`).

use std::process::Command;

/// The compiler whose words these are.
const KNOWN: &str = "rustc 1.95.";

#[test]
fn every_misuse_is_told_where_it_stands() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc).arg("--version").output();
    let version = answer.map_or_else(
        |error| error.to_string(),
        |answer| String::from_utf8_lossy(&answer.stdout).into_owned(),
    );
    if !version.starts_with(KNOWN) && std::env::var_os("TRYBUILD").is_none() {
        eprintln!("!!! SKIPPED tests/ui: they know the words of {KNOWN}*, and this is {version}");
        let unread = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!unread, "run with {KNOWN}*");
        return;
    }
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/ui/*/*.rs");
    // What only the feature knows, and what only its absence does.
    tests.compile_fail(if cfg!(feature = "persist") {
        "tests/ui/cached/persist_on/*.rs"
    } else {
        "tests/ui/cached/persist_off/*.rs"
    });
}
