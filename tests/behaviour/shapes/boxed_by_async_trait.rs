use super::*;

#[async_trait::async_trait]
trait Store: Sync {
    async fn load(&self, key: u32) -> Answer<&str>;

    #[measured]
    #[timeout("1h")]
    async fn load_twice(&self, key: u32, (a, b): (u32, u32)) -> Answer<String> {
        let first = self.load(key + a - b).await?;
        let second = self.load(key).await?;
        Ok(format!("{first}{second}"))
    }

    #[measured]
    async fn unit(&self) {}
}

struct Memory(String);

#[async_trait::async_trait]
impl Store for Memory {
    #[measured(by = key)]
    #[timeout("1h")]
    async fn load(&self, key: u32) -> Answer<&str> {
        if key == 0 {
            return Err(Failure::Empty);
        }
        Ok(&self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn methods_answer_as_they_would_alone() {
    let store: Box<dyn Store> = Box::new(Memory("x".into()));
    assert_eq!(store.load(1).await, Ok("x"));
    assert_eq!(store.load(0).await, Err(Failure::Empty));
    assert_eq!(store.load_twice(1, (1, 1)).await, Ok("xx".into()));
    store.unit().await;
}
