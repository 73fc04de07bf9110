// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values that rustc's formatters show, and a call into a library.

fn measure(name: &str) -> usize {
    let text = String::from(name); // @begin
    let numbers: Vec<u32> = vec![4, 5];
    let some = Some(5u32);
    text.len() + numbers.len() + some.unwrap() as usize // @end
}

fn main() {
    println!("{}", measure("jade"));
}
