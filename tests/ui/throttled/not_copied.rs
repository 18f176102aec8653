use perfkit::throttled;

struct Text(String);

#[throttled("1s", trailing)]
async fn save(text: Text) {
    drop(text.0);
}

#[throttled("1s", trailing)]
async fn stays(count: std::rc::Rc<u8>) {
    drop(count);
}

fn main() {}
