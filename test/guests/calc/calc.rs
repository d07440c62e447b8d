//! Every WIT value type there and back, a failure and a trap.
//! Build: `node manifests/build.ts calc`

wit_bindgen::generate!({ path: "wit" });

use std::hint::black_box;

use exports::weft_test::calc::api::{Color, Failure, Guest, Person, Point, Rights, Shape};

struct Calc;

export!(Calc);

/// Functions that give back what they were given.
macro_rules! echo {
    ($($name:ident: $type:ty),* $(,)?) => {
        $(fn $name(v: $type) -> $type { v })*
    };
}

impl Guest for Calc {
    fn add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    fn nothing() {}

    echo! {
        echo_bool: bool,
        echo_u8: u8,
        echo_s8: i8,
        echo_u16: u16,
        echo_s16: i16,
        echo_u32: u32,
        echo_s32: i32,
        echo_u64: u64,
        echo_s64: i64,
        echo_f32: f32,
        echo_f64: f64,
        echo_char: char,
        echo_string: String,
        echo_bytes: Vec<u8>,
        echo_u64s: Vec<u64>,
        echo_strings: Vec<Vec<String>>,
        echo_tuple: (u8, String, (bool, char)),
        echo_option: Option<String>,
        echo_option_option: Option<Option<u32>>,
        echo_result: Result<u32, String>,
        echo_results: Vec<Result<(), Failure>>,
        echo_person: Person,
        echo_shape: Shape,
        echo_color: Color,
        echo_rights: Rights,
    }

    fn echo_many(
        a: String,
        b: String,
        c: String,
        d: String,
        e: String,
        f: String,
        g: String,
        h: String,
        i: u64,
    ) -> (Vec<String>, u64) {
        (vec![a, b, c, d, e, f, g, h], i)
    }

    fn fail() -> Result<String, Failure> {
        let home = Point { x: -1, y: 1 };
        Err(Failure::Refused(Person {
            name: "Ada".into(),
            age: Some(36),
            home,
            tags: vec!["first".into()],
        }))
    }

    fn trap() {
        trap_by_name(black_box(1))
    }
}

#[inline(never)]
fn trap_by_name(depth: u32) {
    if black_box(depth) > 0 {
        core::arch::wasm32::unreachable()
    }
}
