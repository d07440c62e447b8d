//! Calls a linked greeter over the links that it is told, with `wasmcloud:bus/lattice`.
//! Build: `node manifests/build.ts chooses-link`

wit_bindgen::generate!({ path: "wit", world: "chooses-link", generate_all });

use exports::weft_test::links::chooser;
use wasmcloud::bus::lattice::{CallTargetInterface, set_link_name};
use weft_example::greetings::greeter;

struct Chooser;

export!(Chooser);

impl chooser::Guest for Chooser {
    fn greet_by(links: Vec<String>, name: String) -> Vec<Result<String, String>> {
        links
            .iter()
            .map(|link| {
                let target = CallTargetInterface::new("weft-example", "greetings", "greeter");
                set_link_name(link, vec![target])?;
                greeter::greet(&name)
            })
            .collect()
    }
}
