use perfkit::measured;

#[measured]
fn sync(n: u32) -> String {
    n
}

#[measured]
async fn later(early: bool) -> Result<u32, String> {
    if early {
        return "early";
    }
    5
}

#[measured]
async fn unit() {
    5
}

#[measured]
async fn nothing() -> u32 {
    sync(1);
}

fn main() {
    sync(1);
    drop((later(true), unit(), nothing()));
}
