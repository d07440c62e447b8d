//! Imports an interface that no host provides.
//! Build: `node manifests/build.ts needs-unknown`

wit_bindgen::generate!({ path: "wit", generate_all });

use acme::weird::thing::Oracle;

struct NeedsUnknown;

export!(NeedsUnknown);

impl Guest for NeedsUnknown {
    fn ask(question: String) -> String {
        Oracle::new("delphi").ask(&question)
    }
}
