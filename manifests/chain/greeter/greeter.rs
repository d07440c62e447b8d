//! Greets and measures names for whoever is linked to it.
//! Build: `node manifests/build.ts greeter`

wit_bindgen::generate!({ path: "../wit", world: "provider" });

use exports::weft_example::greetings::greeter::{Guest, Stats, Word};

struct Greeter;

export!(Greeter);

impl Guest for Greeter {
    fn greet(name: String) -> Result<String, String> {
        match name.trim() {
            "" => Err("nobody to greet: the name is empty".into()),
            name => Ok(format!("Hello {name}, woven by Weft")),
        }
    }

    fn measure(name: String) -> Stats {
        let words: Vec<Word> = name.split_whitespace().map(word).collect();
        Stats {
            letters: words.iter().map(|word| word.letters).sum(),
            words,
        }
    }
}

fn word(text: &str) -> Word {
    Word {
        text: text.into(),
        letters: text.chars().count() as u32,
    }
}
