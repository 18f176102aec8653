//! What the report says of a cache.

use super::*;

#[test]
fn every_call_is_a_hit_or_a_miss() {
    #[cached(name = "numbers: hit or miss")]
    fn load(id: u64) -> Result<u64, String> {
        if id == 0 {
            return Err("none".to_owned());
        }
        Ok(id)
    }

    let op = "numbers: hit or miss";
    for id in [1, 1, 2, 0, 1, 0] {
        _ = load(id);
    }
    assert_eq!(count(op, "lookups"), 6);
    assert_eq!(part(op, "found", "hit"), 2);
    assert_eq!(part(op, "found", "miss"), 4);
    assert_eq!(part(op, "loads", "ok"), 2);
    assert_eq!(part(op, "loads", "error"), 2);
    assert_eq!(count(op, "entries"), 2);
    assert_eq!(count(op, "capacity"), 1000);
}
