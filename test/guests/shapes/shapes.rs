//! Values of every shape, passed on to an import and given back; interfaces of two versions at once.
//! Build: `node manifests/build.ts shapes`

wit_bindgen::generate!({ path: "wit", generate_all });

use exports::weft_test as exported;
use weft_test::mirror1_0_0::mirror as mirror1;
use weft_test::mirror2_1_0::mirror as mirror2;
use weft_test::shapes::shapes;
use weft_test::shapes::types::{All, Mixed, Nine, Wide};

struct Shapes;

export!(Shapes);

/// Functions that give back what the import of the same name makes of what they were given.
macro_rules! pass_on {
    ($($name:ident($($by:tt)?): $type:ty),* $(,)?) => {
        $(fn $name(v: $type) -> $type { shapes::$name($($by)? v) })*
    };
}

impl exported::shapes::shapes::Guest for Shapes {
    pass_on! {
        echo_nine(): Nine,
        echo_all(): All,
        echo_mixed(&): Mixed,
        echo_mixeds(&): Vec<Mixed>,
        echo_wide(&): Wide,
        echo_wides(&): Vec<Wide>,
        echo_options(): Option<Option<Option<u8>>>,
        echo_texts(&): Vec<Option<String>>,
        echo_deep(&): Vec<Vec<Vec<u8>>>,
        echo_rows(&): Vec<(u8, u64, u16, bool)>,
        echo_letters(&): Vec<char>,
        echo_singles(&): Vec<f32>,
        echo_doubles(&): Vec<f64>,
        echo_flags(&): Vec<All>,
        echo_plain_result(): Result<(), ()>,
        echo_either(): Result<u64, f32>,
        echo_fixed(): [u32; 4],
        echo_digests(&): Vec<[u8; 5]>,
        echo_map(&): wit_bindgen::rt::Map<String, u32>,
    }

    fn echo_seventeen(
        a: u8, b: u64, c: f32, d: f64, e: bool, f: char, g: i8, h: i16, i: i32,
        j: i64, k: u16, l: u32, m: String, n: Option<u64>, o: Nine,
    ) -> (u8, u64, f32, f64, bool, char, i8, i16, i32, i64, u16, u32, String, Option<u64>, Nine) {
        shapes::echo_seventeen(a, b, c, d, e, f, g, h, i, j, k, l, &m, n, o)
    }
}

impl exported::mirror1_0_0::mirror::Guest for Shapes {
    fn show(v: String) -> String {
        mirror1::show(&v)
    }
}

impl exported::mirror2_1_0::mirror::Guest for Shapes {
    fn show(
        v: exported::mirror2_1_0::mirror::Picture,
    ) -> Result<exported::mirror2_1_0::mirror::Picture, String> {
        let shown = mirror2::show(&mirror2::Picture { text: v.text, turned: v.turned })?;
        Ok(exported::mirror2_1_0::mirror::Picture { text: shown.text, turned: shown.turned })
    }
}
