use perfkit::breaker;

type Answer = Result<u32, std::io::Error>;

#[breaker(failure_rate = 50, window = 100)]
fn percent() -> Answer {
    Ok(1)
}

#[breaker(failure_rate = 0.0, window = 100)]
fn no_share() -> Answer {
    Ok(1)
}

#[breaker(threshold = 0)]
fn none() -> Answer {
    Ok(1)
}

#[breaker(threshold = 1_000_000)]
fn too_many() -> Answer {
    Ok(1)
}

#[breaker(failure_rate = 0.5, window = 100_000)]
fn too_long() -> Answer {
    Ok(1)
}

#[breaker(failure_rate = 0.5, window = "64MiB")]
fn a_window_of_bytes() -> Answer {
    Ok(1)
}

#[breaker(failure_rate = 0.5, window = 0)]
fn an_empty_window() -> Answer {
    Ok(1)
}

#[breaker(reset = 60)]
fn without_a_unit() -> Answer {
    Ok(1)
}

#[breaker(probes = 2_000)]
fn too_many_probes() -> Answer {
    Ok(1)
}

#[breaker(cancelled = "streek")]
async fn a_misspelt_word() -> Answer {
    Ok(1)
}

#[breaker(panics = "propagate")]
fn another_word() -> Answer {
    Ok(1)
}

#[breaker(mode = observe())]
fn a_word_that_is_none() -> Answer {
    Ok(1)
}

#[breaker(reset_timeout = "60s", retries = 3, key = 1, treshold = 5)]
fn unknown() -> Answer {
    Ok(1)
}

fn main() {}
