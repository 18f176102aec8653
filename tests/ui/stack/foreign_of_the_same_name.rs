use perfkit::measured;
use tokio::test as timeout;

#[measured]
#[timeout(flavor = "current_thread")]
async fn foreign() -> Option<u32> {
    Some(1)
}

#[measured]
#[missing::timeout("1s")]
async fn unresolved() -> Option<u32> {
    Some(1)
}

mod elsewhere {
    #[perfkit::measured]
    #[timeout("1s")]
    pub async fn not_imported() -> Option<u32> {
        Some(1)
    }
}

fn main() {
    drop((foreign(), unresolved(), elsewhere::not_imported()));
}
