//! What the log hears.

use super::*;
use crate::log::Log;

#[test]
fn each_change_is_an_event_with_its_reason() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, clock = &CLOCK, name = "events")]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let lines = Log::of("perfkit::breaker", || {
        let _ = call(DOWN);
        CLOCK.advance(60 * SECOND);
        let _ = call(Ok(1));
    });
    let expected = [
        ("WARN", "closed", "open", "consecutive failures"),
        ("INFO", "open", "half-open", "reset elapsed"),
        ("INFO", "half-open", "closed", "probes succeeded"),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, (level, from, to, reason)) in lines.iter().zip(expected) {
        let fields = format!("op=\"events\";from=\"{from}\";to=\"{to}\";reason={reason};");
        assert!(
            line.starts_with(&format!("{level};")) && line.contains(&fields),
            "{line}"
        );
    }
}
