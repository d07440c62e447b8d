//! Asks the next greeter, and says so.
//! Build: `node manifests/build.ts relay`

wit_bindgen::generate!({
    path: ["../../../manifests/chain/wit", "wit"],
    world: "weft-test:relay/relay",
    generate_all,
});

use exports::weft_example::greetings::greeter::{Guest, Stats, Word};
use weft_example::greetings::greeter;

struct Relay;

export!(Relay);

impl Guest for Relay {
    fn greet(name: String) -> Result<String, String> {
        greeter::greet(&name).map(|greeting| format!("{greeting}, relayed"))
    }

    fn measure(name: String) -> Stats {
        let stats = greeter::measure(&name);
        let words = stats.words.into_iter().map(|word| Word { text: word.text, letters: word.letters });
        Stats { letters: stats.letters, words: words.collect() }
    }
}
