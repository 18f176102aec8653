//! Writes the list of sites that the `memory` and `report` benches call: `site!(site_0000);` and so on, and the table
//! of them. Every tool defines its own `site!` and includes the same list, so all of them measure the same program.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

const SITES: usize = 1_000;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = Command::new(env::var_os("RUSTC").expect("cargo sets RUSTC"))
        .arg("--version")
        .output()
        .expect("the compiler says its version");
    println!(
        "cargo::rustc-env=RUSTC_VERSION={}",
        String::from_utf8_lossy(&compiler.stdout).trim()
    );
    // The same compiler for the generated crates.
    for tool in ["CARGO", "RUSTC"] {
        let path = env::var(tool).expect("cargo sets the paths of its tools");
        println!("cargo::rustc-env={tool}={path}");
    }
    let mut list = String::new();
    let mut table = String::new();
    for site in 0..SITES {
        writeln!(list, "site!(site_{site:04});").expect("a string takes any text");
        write!(table, "site_{site:04},").expect("a string takes any text");
    }
    writeln!(
        list,
        "/// Every site; the argument is the time one call takes, in nanoseconds.\n\
         pub static SITES: [fn(u64) -> u64; {SITES}] = [{table}];"
    )
    .expect("a string takes any text");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("sites.rs"), list)
        .expect("cargo's output directory is writable");
}
