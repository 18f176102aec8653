use perfkit::breaker;

type Answer = Result<u32, std::io::Error>;

#[breaker(threshold = 5, failure_rate = 0.5, window = 100)]
fn two_ways_to_count() -> Answer {
    Ok(1)
}

#[breaker(failure_rate = 0.5)]
fn a_share_of_what() -> Answer {
    Ok(1)
}

#[breaker(window = "10s")]
fn a_window_for_nothing() -> Answer {
    Ok(1)
}

#[breaker(min_calls = 20)]
fn a_minimum_of_nothing() -> Answer {
    Ok(1)
}

#[breaker(failure_rate = 0.5, window = 10, min_calls = 20)]
fn more_than_the_window_has() -> Answer {
    Ok(1)
}

#[breaker(slow = "500ms")]
fn slow_and_then() -> Answer {
    Ok(1)
}

#[breaker(slow_rate = 0.5, window = 10)]
fn what_is_slow() -> Answer {
    Ok(1)
}

#[breaker(slow = "500ms", slow_rate = 0.5)]
fn a_share_of_slow_ones_of_what() -> Answer {
    Ok(1)
}

#[breaker(reset = "60s", max_reset = "10s")]
fn a_reset_that_shrinks() -> Answer {
    Ok(1)
}

#[breaker(max_reset = "10s")]
fn a_reset_that_shrinks_from_the_default() -> Answer {
    Ok(1)
}

#[breaker(max_keys = 10)]
fn keys_of_nothing() -> Answer {
    Ok(1)
}

#[breaker(fallback = instead, reject = |_| std::io::Error::other("busy"))]
fn two_answers() -> Answer {
    Ok(1)
}

fn instead(_: perfkit::Rejected) -> Answer {
    Ok(2)
}

#[breaker(cancelled = "ignore")]
fn a_thread_is_not_cancelled() -> Answer {
    Ok(1)
}

fn main() {}
