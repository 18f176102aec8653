use perfkit::breaker;

#[derive(Debug)]
struct Broken;

#[breaker]
fn call() -> Result<(), Broken> {
    Err(Broken)
}

#[breaker(reject = |_| Broken)]
fn with_reject() -> Result<(), Broken> {
    Err(Broken)
}

#[breaker(reject = |_| "busy")]
fn with_a_wrong_one() -> Result<(), Broken> {
    Err(Broken)
}

fn main() {}
