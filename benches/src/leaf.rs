//! The generated crates of the `compile` bench: 500 annotated functions, the same source for every tool.
//!
//! 300 plain functions, 100 methods and 100 async functions in five shapes (numbers, strings, `Result`, `Option`,
//! slices), with bodies of a few lines; `main` calls them all, so that all of them are compiled to machine code. Only
//! the line above each function differs between the crates, and a crate without attributes has a comment there, so
//! that every line keeps its number.

use std::fmt::Write as _;

/// How many functions are annotated.
pub const FUNCTIONS: usize = 500;

/// The source of one crate, with `attribute` above every function: `#[tool::attribute]` or a comment.
#[must_use]
pub fn source(attribute: &str) -> String {
    let mut text = String::from(
        "#![allow(dead_code, reason = \"a shape may not use all of it\")]\nuse std::future::Future;\nuse std::hint::black_box;\nuse std::pin::pin;\nuse std::task::{Context, Poll, Waker};\n",
    );
    let mut calls = String::new();
    for n in 0..300 {
        let (signature, body, arguments) = shape(n);
        let _ = writeln!(text, "\n{attribute}\npub fn f{n}{signature} {{\n{body}\n}}");
        let _ = writeln!(calls, "    black_box(f{n}({arguments}));");
    }
    text.push_str(
        "\n#[derive(Debug)]\npub struct Service {\n    base: u64,\n}\n\nimpl Service {\n",
    );
    for n in 0..100 {
        let (signature, body, arguments) = shape(n);
        let signature = signature.replacen('(', "(&self, ", 1);
        let _ = writeln!(
            text,
            "    {attribute}\n    pub fn m{n}{signature} {{\n        black_box(self.base);\n{body}\n    }}"
        );
        let _ = writeln!(calls, "    black_box(service.m{n}({arguments}));");
    }
    text.push_str("}\n");
    for n in 0..100 {
        let (signature, body, arguments) = shape(n);
        let _ = writeln!(
            text,
            "\n{attribute}\npub async fn a{n}{signature} {{\n    std::future::ready(()).await;\n{body}\n}}"
        );
        let _ = writeln!(calls, "    black_box(wait(a{n}({arguments})));");
    }
    let _ = write!(
        text,
        "\nfn wait<F: Future>(future: F) -> F::Output {{\n    let mut future = pin!(future);\n    let mut context = Context::from_waker(Waker::noop());\n    loop {{\n        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {{\n            return answer;\n        }}\n    }}\n}}\n\nfn main() {{\n    let service = Service {{ base: black_box(7) }};\n{calls}}}\n"
    );
    text
}

/// Signature, body and arguments of the n-th function of a kind.
fn shape(n: usize) -> (String, String, String) {
    match n % 5 {
        0 => (
            "(x: u64) -> u64".to_owned(),
            format!(
                "    let y = x.rotate_left({});\n    y.wrapping_mul({}) ^ x",
                n % 60 + 1,
                n + 3
            ),
            format!("{n}"),
        ),
        1 => (
            "(name: &str, times: usize) -> String".to_owned(),
            format!(
                "    let mut text = name.repeat(times);\n    text.push_str(\" {n}\");\n    text"
            ),
            format!("\"n{n}\", {}", n % 4),
        ),
        2 => (
            "(text: &str) -> Result<u64, std::num::ParseIntError>".to_owned(),
            format!("    let x: u64 = text.trim().parse()?;\n    Ok(x.wrapping_add({n}))"),
            format!("\"{n}\""),
        ),
        3 => (
            "(values: &[u64], index: usize) -> Option<u64>".to_owned(),
            format!("    let value = values.get(index)?;\n    value.checked_sub({n})"),
            format!("&[{n}, {}], {}", n + 1, n % 3),
        ),
        _ => (
            "(values: Vec<u64>, limit: u64) -> (usize, u64)".to_owned(),
            format!(
                "    let sum = values.iter().filter(|value| **value < limit).sum::<u64>();\n    (values.len(), sum + {n})"
            ),
            format!("vec![{n}, {}], {}", n + 1, n + 1),
        ),
    }
}
