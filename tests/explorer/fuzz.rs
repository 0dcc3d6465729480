//! Random keys into the real program: it must neither end nor stop answering. `PODEX_FUZZ_SECONDS` says for how long,
//! `PODEX_FUZZ_SEED` plays the same keys again.

use std::fs::File;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::screen::Screen;
use crate::support::Podex;

/// How long keys are pressed where nobody says otherwise.
const SECONDS: u64 = 4;

/// Between twenty keys and the next.
const PAUSE: Duration = Duration::from_millis(50);

/// Keys as terminals send them, beside the printable ones.
const KEYS: [&str; 24] = [
    "\r",
    "\x1b",
    "\t",
    "\x1b[Z",
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1b[H",
    "\x1b[F",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[3~",
    "\x7f",
    "\x10",
    "\x0f",
    "\x06",
    "\x02",
    "\x15",
    "\x1bOP",
    "日",
    "🧾",
    "\x1b[200~pasted\x1b[201~",
    "\x1b[<0;30;8M\x1b[<0;30;8m",
];

/// A user who pulled the pods of the demo, and whose endpoint answers nobody.
pub fn with_the_demo_pods() -> Podex {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let user = Podex::new("Bob").with("PODEX_ENDPOINT", &format!("http://{free}"));
    let team = user.home().join("team");
    let pods = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo/pods.zip")).unwrap();
    zip::ZipArchive::new(pods).unwrap().extract(&team).unwrap();
    user.run(["remote", "add", "team", &format!("file://{}", team.display())]).expect(0);
    user.run(["pull", "team/orders"]).expect(0);
    user.run(["pull", "team/digits"]).expect(0);
    user
}

#[test]
fn random_keys_into_the_real_program_leave_it_alive_and_answering() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("PODEX_FUZZ_SEED").unwrap_or(7);
    // Shown where the test fails.
    println!("PODEX_FUZZ_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let user = with_the_demo_pods().with("EDITOR", "true").with("PAGER", "true");
    // Only looking: keys press "start an emulator" sooner or later.
    let mut screen = Screen::open(&user, &["--read-only"], (100, 30));
    screen.expect("no emulator at").expect("orders");
    let end = Instant::now() + Duration::from_secs(number("PODEX_FUZZ_SECONDS").unwrap_or(SECONDS));
    while Instant::now() < end {
        screen.expect_alive();
        for _ in 0..20 {
            let key = match random.random_range(0..8) {
                0..3 => KEYS[random.random_range(0..KEYS.len())].to_owned(),
                _ => char::from(random.random_range(b' '..=b'~')).to_string(),
            };
            // Leaving is not what is tried here.
            if key != "q" && key != ":" {
                print!("{key:?} ");
                screen.tap(&key);
            }
        }
        // As fast as nobody types, and still not faster than a slow machine reads.
        std::thread::sleep(PAUSE);
        if random.random_range(0..3) == 0 {
            let (columns, rows) = (random.random_range(1..200), random.random_range(1..60));
            println!("\n{columns} x {rows}");
            screen.resize(columns, rows);
        }
    }
    screen.resize(100, 30);
    for _ in 0..40 {
        screen.press("\x1b");
    }
    // Keys are taken in order: when it shows this, it has taken all that came before.
    screen.press("\x1bOP").press("last word").expect("last word").press("\x1b").expect_gone("last word");
    screen.expect("1 Pods").press("q");
    assert_eq!(screen.end(), 0);
    screen.expect_restored();
}
