use perfkit::{batched, measured, timeout};

#[batched(max_sice = 3)]
async fn misspelt(ids: Vec<u64>) -> Vec<u64> {
    ids
}

#[batched(window = "5ms")]
async fn other_name(ids: Vec<u64>) -> Vec<u64> {
    ids
}

#[batched(max_size = 0)]
async fn nothing(ids: Vec<u64>) -> Vec<u64> {
    ids
}

#[batched(linger = 5)]
async fn without_unit(ids: Vec<u64>) -> Vec<u64> {
    ids
}

#[batched(full = "drop")]
async fn no_such_way(ids: Vec<u64>) -> Vec<u64> {
    ids
}

#[batched(full = "reject")]
async fn no_place(ids: Vec<u64>) -> Vec<u64> {
    ids
}

#[batched]
#[measured]
async fn not_lowest(ids: Vec<u64>) -> Vec<u64> {
    ids
}

#[batched]
#[timeout("1s")]
async fn limit_below(ids: Vec<u64>) -> Result<Vec<u64>, std::io::Error> {
    Ok(ids)
}

fn main() {}
