// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structs, closures, matches and iterators.

struct Item {
    count: u32,
    price: f64,
    code: i64,
}

enum Order {
    Buy(u32),
    Sell { count: u32, price: f64 },
}

fn apply(item: &mut Item, order: &Order) -> i64 {
    let before = item.count;
    match order {
        Order::Buy(count) => {
            item.count += count;
        }
        Order::Sell { count, price } => {
            let sold = if *count > item.count { item.count } else { *count };
            item.count -= sold;
            item.price = *price;
        }
    }
    let change = item.count as i64 - before as i64;
    change * item.code
}

#[inline(never)]
fn value(items: &[Item]) -> f64 {
    let mut sum = 0.0;
    for item in items {
        let part = item.price * item.count as f64;
        sum += part;
    }
    sum
}

fn main() {
    let mut items = [
        Item { count: 3, price: 1.5, code: -7 },
        Item { count: 10, price: 0.25, code: 1 << 40 },
    ];
    let orders = [Order::Buy(4), Order::Sell { count: 20, price: 2.0 }];
    let mut log: i64 = 0;
    for (index, order) in orders.iter().enumerate() {
        let change = apply(&mut items[index], order);
        log += change;
    }
    let total = value(&items);
    println!("{log} {total}");
}
