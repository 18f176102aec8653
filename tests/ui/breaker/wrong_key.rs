use perfkit::breaker;

type Answer = Result<u32, std::io::Error>;

struct NoKey;

#[breaker(by = what)]
fn call(what: &NoKey) -> Answer {
    let _ = what;
    Ok(1)
}

#[breaker(when = |error| error.kind())]
fn of_no_verdict() -> Answer {
    Ok(1)
}

#[breaker(when = |_| true)]
fn of_no_error() -> Option<u32> {
    Some(1)
}

fn main() {}
