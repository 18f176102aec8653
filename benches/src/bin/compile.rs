//! What attributes cost the compiler: a crate of 500 annotated functions under each tool, against the same crate bare.
//!
//! Dependencies are built first and not timed; then the leaf crate alone is compiled again and again, the tools in
//! turn. At the end the assembly of the crate with perfkit's feature `measure` off is compared with the bare crate's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use std::{fs, io};

use perfkit_benches::harness::{Options, median};
use perfkit_benches::{leaf, process, table};
use serde::Serialize;

/// One way to annotate the crate.
struct Variant {
    name: &'static str,
    /// What stands above every function.
    attribute: &'static str,
    /// The dependency it needs.
    dependency: &'static str,
    /// Built only when asked for by `--only`: its dependencies take long.
    on_request: bool,
}

const PERFKIT: &str = concat!("{ path = \"", env!("CARGO_MANIFEST_DIR"), "/..\" }");
const PERFKIT_OFF: &str = concat!(
    "{ path = \"",
    env!("CARGO_MANIFEST_DIR"),
    "/..\", default-features = false, features = [\"json\", \"tokio\", \"tracing\", \"hdrhistogram\"] }"
);

const fn variant(name: &'static str, attribute: &'static str, dependency: &'static str) -> Variant {
    Variant {
        name,
        attribute,
        dependency,
        on_request: false,
    }
}

/// The bare crate is first; `autometrics` has the longest list of dependencies.
const VARIANTS: [Variant; 7] = [
    variant("none", "// bare", ""),
    variant("perfkit", "#[perfkit::measured]", PERFKIT),
    variant("perfkit, measure off", "#[perfkit::measured]", PERFKIT_OFF),
    variant(
        "tracing, skip_all",
        "#[tracing::instrument(skip_all)]",
        "\"0.1.41\"",
    ),
    variant("tracing", "#[tracing::instrument]", "\"0.1.41\""),
    variant(
        "hotpath",
        "#[hotpath::measure]",
        "{ version = \"0.30\", features = [\"hotpath\"] }",
    ),
    Variant {
        name: "autometrics",
        attribute: "#[autometrics::autometrics]",
        dependency: "{ version = \"3.0\", features = [\"prometheus-exporter\"] }",
        on_request: true,
    },
];

const COMMANDS: [&[&str]; 2] = [&["check"], &["build", "--release"]];

/// The figures of one variant, in seconds, one per round.
#[derive(Serialize)]
struct Built {
    name: &'static str,
    check: Vec<f64>,
    release: Vec<f64>,
    binary_bytes: u64,
    #[serde(skip)]
    folder: PathBuf,
}

fn main() -> io::Result<()> {
    let options = Options::from_arguments(3, leaf::FUNCTIONS as u64);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/compile");
    println!(
        "{}{} rounds; a crate of {} annotated functions, its dependencies built before\n",
        process::heading(&process::MEASURING),
        options.rounds,
        leaf::FUNCTIONS
    );
    let mut all = Vec::new();
    for variant in &VARIANTS {
        let wanted = if variant.on_request {
            options.only.iter().any(|only| only == variant.name)
        } else {
            variant.name == "none" || options.wants(variant.name)
        };
        if !wanted {
            continue;
        }
        eprint!("\rdependencies of {:<24}", variant.name);
        let folder = write(&root, variant)?;
        let failed = COMMANDS
            .iter()
            .map(|command| cargo(&folder, command))
            .find_map(|output| match output {
                Ok(output) if output.status.success() => None,
                Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
                Err(error) => Some(error.to_string()),
            });
        if let Some(complaint) = failed {
            let errors = complaint
                .lines()
                .skip_while(|line| !line.starts_with("error"));
            let first: Vec<_> = errors.take(12).collect();
            eprintln!("\r{} does not build:\n{}", variant.name, first.join("\n"));
            continue;
        }
        all.push(Built {
            name: variant.name,
            check: Vec::new(),
            release: Vec::new(),
            binary_bytes: 0,
            folder,
        });
    }
    for round in 0..options.rounds {
        for turn in 0..all.len() {
            let of = (round + turn) % all.len();
            let built = &mut all[of];
            eprint!(
                "\rround {}/{}  {:<24}",
                round + 1,
                options.rounds,
                built.name
            );
            built
                .check
                .push(timed(&built.folder, COMMANDS[0])?.as_secs_f64());
            built
                .release
                .push(timed(&built.folder, COMMANDS[1])?.as_secs_f64());
            built.binary_bytes = fs::metadata(root.join("target/release/leaf"))?.len();
        }
    }
    eprintln!("\r{:<40}", "");
    print(&all);
    let figure = |name: &str| all.iter().find(|built| built.name == name);
    let off = figure("none").zip(figure("perfkit, measure off"));
    let difference = match off {
        Some((bare, off)) => Some(different_lines(&root, &bare.folder, &off.folder)?),
        None => None,
    };
    print!(
        "{}",
        table::line(
            "lines of assembly that differ: measure off, bare",
            difference,
            0.0
        )
    );
    options.save(&all);
    Ok(())
}

fn print(all: &[Built]) {
    println!(
        "{:<22} {:>9} {:>8} {:>11} {:>8} {:>13}",
        "tool", "check s", "x none", "release s", "x none", "binary bytes"
    );
    // A ratio of two variants is taken within a round.
    let ratio =
        |of: &[f64], to: &[f64]| median(of.iter().zip(to).map(|(of, to)| of / to).collect());
    let Some(bare) = all.first() else { return };
    for built in all {
        println!(
            "{:<22} {:>9.2} {:>8.2} {:>11.2} {:>8.2} {:>13}",
            built.name,
            median(built.check.clone()),
            ratio(&built.check, &bare.check),
            median(built.release.clone()),
            ratio(&built.release, &bare.release),
            built.binary_bytes,
        );
    }
    print!("{}", table::heading("ratio"));
    let ours = all.iter().find(|built| built.name == "perfkit");
    for peer in ["tracing", "tracing, skip_all"] {
        let theirs = all.iter().find(|built| built.name == peer);
        let pair = ours.zip(theirs);
        let check = pair.map(|(ours, theirs)| ratio(&ours.check, &theirs.check));
        let release = pair.map(|(ours, theirs)| ratio(&ours.release, &theirs.release));
        print!(
            "{}",
            table::line(&format!("cargo check, perfkit / {peer}"), check, 0.7)
        );
        print!(
            "{}",
            table::line(
                &format!("cargo build --release, perfkit / {peer}"),
                release,
                0.7
            )
        );
    }
}

/// Writes the crate of a variant and gives its folder.
fn write(root: &Path, variant: &Variant) -> io::Result<PathBuf> {
    let folder = root.join(variant.name.replace(", ", "-").replace(' ', "-"));
    fs::create_dir_all(folder.join("src"))?;
    // The first word of the name is the crate's.
    let dependency = match variant.name.split(',').next() {
        Some(name) if !variant.dependency.is_empty() => {
            format!("{name} = {}\n", variant.dependency)
        }
        _ => String::new(),
    };
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"leaf\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependency}"
        ),
    )?;
    // The versions that the other benches measure.
    fs::write(folder.join("Cargo.lock"), include_str!("../../Cargo.lock"))?;
    fs::write(folder.join("src/main.rs"), leaf::source(variant.attribute))?;
    Ok(folder)
}

fn cargo(folder: &Path, arguments: &[&str]) -> io::Result<Output> {
    Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--quiet")
        .current_dir(folder)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", folder.with_file_name("target"))
        .env_remove("RUSTFLAGS")
        .output()
}

/// Compiles the leaf crate once more; nothing else has changed.
fn timed(folder: &Path, arguments: &[&str]) -> io::Result<Duration> {
    fs::File::options()
        .append(true)
        .open(folder.join("src/main.rs"))?
        .set_modified(std::time::SystemTime::now())?;
    let start = Instant::now();
    let output = cargo(folder, arguments)?;
    let took = start.elapsed();
    if output.status.success() {
        Ok(took)
    } else {
        Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }
}

/// Compiles both crates to assembly as one and the same crate, and counts the lines that are not equal.
fn different_lines(root: &Path, bare: &Path, off: &Path) -> io::Result<f64> {
    let bare = assembly(root, bare, None)?;
    let off = assembly(root, off, Some(library(off)?))?;
    let (bare, off): (Vec<_>, Vec<_>) = (bare.lines().collect(), off.lines().collect());
    println!(
        "\nassembly: bare {} lines, measure off {} lines",
        bare.len(),
        off.len()
    );
    let mut different = bare.len().abs_diff(off.len());
    for (bare, off) in bare.iter().zip(&off).filter(|(bare, off)| bare != off) {
        if different < 3 {
            println!("  bare {bare}\n  off  {off}");
        }
        different += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of lines")]
    Ok(different as f64)
}

/// The library file of perfkit that a variant was built with.
fn library(folder: &Path) -> io::Result<PathBuf> {
    let output = cargo(folder, &["build", "--release", "--message-format=json"])?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "perfkit")
        .filter_map(|message| {
            let files = message["filenames"].as_array()?.iter();
            files
                .filter_map(serde_json::Value::as_str)
                .find(|file| file.ends_with(".rlib"))
                .map(PathBuf::from)
        })
        .next_back()
        .ok_or_else(|| io::Error::other("cargo names no library of perfkit"))
}

/// Not through cargo, which gives every path its own symbol names.
fn assembly(root: &Path, folder: &Path, perfkit: Option<PathBuf>) -> io::Result<String> {
    let file = folder.join("leaf.s");
    let mut compiler = Command::new(env!("RUSTC"));
    compiler
        .args([
            "--edition=2024",
            "--crate-name=leaf",
            "--crate-type=bin",
            "--emit=asm",
        ])
        .args([
            "-Copt-level=3",
            "-Ccodegen-units=1",
            "-Cmetadata=leaf",
            "src/main.rs",
            "-o",
        ])
        .arg(&file)
        .current_dir(folder);
    if let Some(library) = perfkit {
        let mut library_of = std::ffi::OsString::from("perfkit=");
        library_of.push(library);
        let mut dependencies = std::ffi::OsString::from("dependency=");
        dependencies.push(root.join("target/release/deps"));
        compiler
            .arg("--extern")
            .arg(library_of)
            .arg("-L")
            .arg(dependencies);
    }
    let output = compiler.output()?;
    if !output.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    fs::read_to_string(file)
}
