use perfkit::measured;
use perfkit::timeout as deadline;

#[measured]
#[deadline("1s")]
async fn late() -> Option<u32> {
    Some(1)
}

mod house {
    pub use perfkit::measured;
}

#[deadline("1s")]
#[house::measured(slow = "1s")]
async fn through_another_path() -> Option<u32> {
    Some(1)
}

fn main() {
    drop((late(), through_another_path()));
}
