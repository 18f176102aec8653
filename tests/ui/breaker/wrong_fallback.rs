use perfkit::{Rejected, breaker};

type Answer = Result<u32, std::io::Error>;

#[breaker(fallback = without_arguments)]
fn call(n: u32) -> Answer {
    Ok(n)
}

fn without_arguments(_: Rejected) -> Answer {
    Ok(1)
}

#[breaker(fallback = of_another_type)]
fn call_of_another_type(n: u32) -> Answer {
    Ok(n)
}

fn of_another_type(n: u32, _: Rejected) -> u32 {
    n
}

#[breaker(fallback = of_another_type)]
async fn later(n: u32) -> Answer {
    Ok(n)
}

fn main() {}
