//! Uses resources that another component makes.
//! Build: `node manifests/build.ts stock-user`

wit_bindgen::generate!({ path: "../wit", world: "stock-user" });

use exports::weft_test::stock::desk::Guest;
use weft_test::stock::audit;
use weft_test::stock::stock::{self, Item};

struct Desk;

export!(Desk);

impl Guest for Desk {
    fn sum(counts: Vec<u32>) -> (u64, u32, u32) {
        let items: Vec<Item> = counts.iter().map(|count| Item::new("item", *count)).collect();
        let total = stock::total(&items.iter().collect::<Vec<_>>());
        let live = Item::live();
        drop(items);
        (total, live, Item::live())
    }

    fn take(have: u32, want: u32) -> Result<u32, String> {
        Item::new("nails", have).take(want)
    }

    fn merge(a: (String, u32), b: (String, u32)) -> (String, u32, u32) {
        let merged = Item::merge(Item::new(&a.0, a.1), Item::new(&b.0, b.1));
        (merged.name(), merged.count(), Item::live())
    }

    fn pick(names: Vec<String>, name: String) -> (Option<String>, u32) {
        let items = names.iter().map(|name| Item::new(name, 1)).collect();
        let picked = stock::pick(items, &name).map(|item| item.name());
        (picked, Item::live())
    }

    fn use_after_give() {
        let item = Item::new("gone", 1);
        let handle = item.handle();
        drop(item);
        let gone = unsafe { Item::from_handle(handle) };
        gone.count();
    }

    fn trap() {
        stock::check(&Item::new("none", 0))
    }

    fn audit(counts: Vec<u32>) -> (u64, u32) {
        let items: Vec<Item> = counts.iter().map(|count| Item::new("item", *count)).collect();
        let counted = audit::count(&items.iter().collect::<Vec<_>>());
        drop(items);
        (counted, Item::live())
    }

    fn keep() {
        audit::keep(&Item::new("kept", 1))
    }
}
