//! Answers that go together.

use super::*;

#[test]
fn answers_with_a_tag_are_invalidated_together() {
    fn group(id: u64) -> String {
        format!("group {}", id % 2)
    }

    #[cached(tags = ["all", "{name} of {id}", group(id)], max_size = 100)]
    fn load(id: u64, name: &str) -> Option<String> {
        Some(format!("{name}{id}"))
    }

    let fill = || {
        for id in 0..4 {
            load(id, "a");
            load(id, "b");
        }
    };
    fill();
    assert_eq!(load_cache().invalidate_tag("a of 3"), 1);
    assert_eq!(load_cache().peek(&(3, "a".to_owned())), None);
    assert_eq!(load_cache().invalidate_tag("a of 3"), 0);
    assert_eq!(load_cache().invalidate_tag("group 0"), 4);
    assert_eq!(load_cache().len(), 3);
    fill();
    assert_eq!(load_cache().invalidate_tag("all"), 8);
    assert!(load_cache().is_empty());
    assert_eq!(load_cache().invalidate_tag("none"), 0);
}

#[test]
fn an_invalidated_tag_beats_a_load_in_flight() {
    static RUNS: Runs = Runs::new();

    #[cached(tags = ["rows of {table}"])]
    fn rows(table: &str) -> u64 {
        if RUNS.count() == 0 {
            assert_eq!(rows_cache().invalidate_tag("rows of users"), 0);
        }
        RUNS.run()
    }

    assert_eq!(rows("users"), 1);
    assert_eq!(rows("users"), 2);
    assert_eq!(rows("users"), 2);
}

#[tokio::test]
async fn async_functions_have_tags_too() {
    #[cached(tags = ["user {id}"], stale = "1s")]
    async fn load(id: u64) -> Result<u64, String> {
        if id == 0 {
            Err("none".to_owned())
        } else {
            Ok(id)
        }
    }

    load(1).await.unwrap();
    load(0).await.unwrap_err();
    assert_eq!(load_cache().invalidate_tag("user 0"), 0);
    assert_eq!(load_cache().invalidate_tag("user 1"), 1);
}
