//! Watches a bucket: what is set under `name` is set again under `seen/name`, with its length before it, as read from the
//! bucket; what is deleted has its `seen/name` set to `gone`. Of `seen/…` it takes no notice; `trap` traps.
//! Build: `node manifests/build.ts watcher-p2`

wit_bindgen::generate!({ path: "wit", world: "watch", generate_all });

use exports::wasi::keyvalue::watcher::Guest;
use wasi::keyvalue::store::Bucket;

struct Watcher;

export!(Watcher);

impl Guest for Watcher {
    fn on_set(bucket: Bucket, key: String, value: Vec<u8>) {
        if key.starts_with("seen/") {
            return;
        }
        assert!(key != "trap", "told to trap");
        let stored = bucket.get(&key).unwrap().unwrap_or_default();
        let line = format!("{} {}", value.len(), String::from_utf8_lossy(&stored));
        bucket.set(&format!("seen/{key}"), line.as_bytes()).unwrap();
    }

    fn on_delete(bucket: Bucket, key: String) {
        if !key.starts_with("seen/") {
            bucket.set(&format!("seen/{key}"), b"gone").unwrap();
        }
    }
}
