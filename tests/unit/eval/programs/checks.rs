// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#![crate_type = "cdylib"]

#[link(wasm_import_module = "test")]
extern "C" {
    #[link_name = "integer"]
    fn check_integer(text: *const u8, value: i64);
    #[link_name = "real"]
    fn check_real(text: *const u8, value: f64);
    #[link_name = "shown"]
    fn check_shown(text: *const u8, value: *const u8);
    fn assign(text: *const u8);
}

macro_rules! check {
    ($($e:tt)*) => { unsafe { check_integer(concat!(stringify!($($e)*), "\0").as_ptr(), ($($e)*) as i64) } };
}

struct Point {
    x: i32,
    y: i16,
}

struct Shape<'a> {
    at: Point,
    pair: (u8, i64),
    sides: [u16; 3],
    next: Option<&'a Point>,
}

#[no_mangle]
static LIMIT: i32 = 500;
#[no_mangle]
static mut COUNTER: u64 = 7;

#[inline(never)]
fn look(shape: &Shape, values: &[i32], n: usize, c: char, f: f32, flag: bool) -> i64 {
    let total: i64 = values.iter().map(|v| *v as i64).sum();
    let byte = n as u8;
    let byte = byte.wrapping_mul(100);
    check!(n);
    check!(total);
    check!(byte);
    check!(c);
    check!(flag);
    check!(shape.at.x);
    check!(shape.at.y);
    check!(shape.pair.0);
    check!(shape.pair.1);
    check!(shape.sides[1]);
    check!(values[2]);
    check!(LIMIT);
    unsafe {
        check_real(c"f".as_ptr() as *const u8, f as f64);
        check_integer(c"values.length".as_ptr() as *const u8, values.len() as i64);
        check_integer(c"COUNTER".as_ptr() as *const u8, COUNTER as i64);
        check_integer(c"n as u8".as_ptr() as *const u8, n as u8 as i64);
        check_shown(c"shape.at".as_ptr() as *const u8, c"Point { x: -5, y: 6 }".as_ptr() as *const u8);
    }
    total + byte as i64 + shape.next.map_or(0, |p| p.x as i64)
}

#[inline(never)]
fn change(shape: &mut Shape, n: i32) -> i64 {
    unsafe {
        assign(c"shape.at.x = 44".as_ptr() as *const u8);
        assign(c"shape.pair.1 = -1".as_ptr() as *const u8);
        assign(c"COUNTER = COUNTER + 1".as_ptr() as *const u8);
    }
    std::hint::black_box(&mut *shape);
    assert!(shape.at.x == 44 && shape.pair.1 == -1);
    n as i64
}

#[no_mangle]
pub extern "C" fn run(n: i32) -> i32 {
    let far = Point { x: 1, y: 2 };
    let mut shape = Shape { at: Point { x: -5, y: 6 }, pair: (200, 1 << 40), sides: [10, 20, 30], next: Some(&far) };
    let values = [1, -2, 3];
    let mut sum = look(&shape, &values, n as usize + 3, 'é', 0.5, true);
    sum += change(&mut shape, n);
    sum as i32
}
