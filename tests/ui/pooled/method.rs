use perfkit::pooled;

struct Config;

impl Config {
    #[pooled]
    fn connect(&self) -> Result<u32, std::io::Error> {
        Ok(1)
    }
}

fn main() {
    let _ = Config.connect();
}
