// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
struct Rect {
    width: u32,
    height: u32,
}

#[inline(never)]
fn area(rect: &Rect, factor: i32) -> i32 {
    let mut total = (rect.width * rect.height) as i32;
    total *= factor;
    total // @area
}

fn main() {
    let mut sum = 0;
    for factor in 1..4 {
        sum += area(&Rect { width: 3, height: 4 }, factor);
    }
    println!("{sum}");
    std::process::exit(sum);
}
