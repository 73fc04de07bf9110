// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of Rust for `source::render`. The test finds each static by its name.
#![allow(dead_code, static_mut_refs)]

use std::cell::{Cell, RefCell};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::hash::BuildHasherDefault;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex};

struct Account {
    owner: &'static str,
    balance: i32,
}

struct Unit;
struct Wrapper(u32);
struct Pair(i8, f64);
struct Generic<T> {
    inner: T,
}

#[derive(Clone, Copy)]
enum Color {
    Red,
    Green = 5,
    Blue,
}

enum Shape {
    Empty,
    Circle { radius: f64 },
    Rectangle(f32, f32),
    Named(String),
}

enum One {
    Only(u8),
}

union Number {
    integer: u32,
    real: f32,
}

trait Area {
    fn area(&self) -> f64;
}

struct Square {
    side: f64,
}

impl Area for Square {
    fn area(&self) -> f64 {
        self.side * self.side
    }
}

fn increment(value: i32) -> i32 {
    value + 1
}

struct Node {
    value: i32,
    next: Option<Box<Node>>,
}

struct Values {
    // Basic types.
    small: i8,
    huge: u128,
    yes: bool,
    letter: char,
    euro: char,
    tenth: f32,
    third: f64,
    unit: (),
    size: usize,
    // Text.
    empty_str: &'static str,
    text: &'static str,
    empty_string: String,
    string: String,
    long_string: String,
    path: PathBuf,
    os_string: OsString,
    boxed_str: Box<str>,
    // Structs and enums.
    account: Account,
    unit_struct: Unit,
    wrapper: Wrapper,
    pair: Pair,
    generic: Generic<&'static str>,
    tuple: (i32, &'static str, f64),
    red: Color,
    blue: Color,
    shape_empty: Shape,
    circle: Shape,
    rectangle: Shape,
    named: Shape,
    only: One,
    number: Number,
    none: Option<i32>,
    some: Option<i32>,
    none_box: Option<Box<i32>>,
    some_box: Option<Box<i32>>,
    none_string: Option<String>,
    some_string: Option<String>,
    some_some: Option<Option<bool>>,
    some_none: Option<Option<bool>>,
    non_zero: Option<NonZeroU32>,
    no_non_zero: Option<NonZeroU32>,
    ok: Result<i32, String>,
    err: Result<i32, String>,
    // Sequences.
    array: [i32; 3],
    matrix: [[u8; 2]; 2],
    empty_slice: &'static [u16],
    slice: &'static [u16],
    empty_vec: Vec<i32>,
    one_vec: Vec<i32>,
    many_vec: Vec<i32>,
    string_vec: Vec<String>,
    vec_vec: Vec<Vec<u8>>,
    unit_vec: Vec<()>,
    empty_deque: VecDeque<i32>,
    deque: VecDeque<i32>,
    wrapped_deque: VecDeque<i32>,
    boxed_slice: Box<[i32]>,
    // Maps.
    empty_map: HashMap<i32, String>,
    one_map: HashMap<i32, String>,
    // In the same order in each run.
    many_map: HashMap<u32, u32, BuildHasherDefault<DefaultHasher>>,
    empty_set: HashSet<i32>,
    one_set: HashSet<&'static str>,
    empty_btree: BTreeMap<i32, String>,
    one_btree: BTreeMap<i32, String>,
    many_btree: BTreeMap<u32, u64>,
    btree_set: BTreeSet<u8>,
    // Pointers.
    boxed: Box<i32>,
    boxed_account: Box<Account>,
    reference: &'static Account,
    raw: *const i32,
    null: *const i32,
    rc: Rc<i32>,
    rc_again: Rc<i32>,
    weak: Weak<i32>,
    dangling: Weak<i32>,
    rc_str: Rc<str>,
    arc: Arc<Account>,
    cell: Cell<i32>,
    ref_cell: RefCell<i32>,
    borrowed: RefCell<i32>,
    mutex: Mutex<i32>,
    function: fn(i32) -> i32,
    dynamic: Box<dyn Area>,
    dynamic_reference: &'static dyn Area,
    closure: Box<dyn Fn(i32) -> i32>,
    list: Node,
}

static ACCOUNT: Account = Account { owner: "opal", balance: 80 };
static SQUARE: Square = Square { side: 1.5 };
static WHOLE: i32 = 42;
static mut VALUES: Option<Values> = None;

#[link(wasm_import_module = "test")]
extern "C" {
    // The test looks at the memory when this is called.
    fn stop_here();
}

fn main() {
    let mut wrapped = VecDeque::with_capacity(4);
    wrapped.extend([9, 9, 1, 2]);
    wrapped.pop_front();
    wrapped.pop_front();
    wrapped.push_back(3);
    let rc = Rc::new(7);
    let (copy, text) = (5, String::from("captured"));
    let values = Values {
        small: -5,
        huge: u128::MAX,
        yes: true,
        letter: 'v',
        euro: '\u{20ac}',
        tenth: 0.1,
        third: 1.0 / 3.0,
        unit: (),
        size: 17,
        empty_str: "",
        text: "jade \"and\" ä\n",
        empty_string: String::new(),
        string: String::from("opal"),
        long_string: "x".repeat(1000),
        path: PathBuf::from("/tmp/file"),
        os_string: OsString::from("os"),
        boxed_str: "boxed".into(),
        account: Account { owner: "jade", balance: -3 },
        unit_struct: Unit,
        wrapper: Wrapper(3),
        pair: Pair(1, 2.5),
        generic: Generic { inner: "generic" },
        tuple: (1, "two", 3.0),
        red: Color::Red,
        blue: Color::Blue,
        shape_empty: Shape::Empty,
        circle: Shape::Circle { radius: 2.0 },
        rectangle: Shape::Rectangle(1.0, 2.0),
        named: Shape::Named("name".to_string()),
        only: One::Only(4),
        number: Number { real: 1.0 },
        none: None,
        some: Some(3),
        none_box: None,
        some_box: Some(Box::new(4)),
        none_string: None,
        some_string: Some("inside".to_string()),
        some_some: Some(Some(true)),
        some_none: Some(None),
        non_zero: NonZeroU32::new(6),
        no_non_zero: None,
        ok: Ok(1),
        err: Err("failed".to_string()),
        array: [1, 2, 3],
        matrix: [[1, 2], [3, 4]],
        empty_slice: &[],
        slice: &[1, 2, 3],
        empty_vec: vec![],
        one_vec: vec![1],
        many_vec: (0..100).collect(),
        string_vec: vec!["a".to_string(), "b".to_string()],
        vec_vec: vec![vec![1, 2], vec![], vec![3]],
        unit_vec: vec![(), ()],
        empty_deque: VecDeque::new(),
        deque: VecDeque::from(vec![1, 2, 3]),
        wrapped_deque: wrapped,
        boxed_slice: vec![1, 2].into_boxed_slice(),
        empty_map: HashMap::new(),
        one_map: HashMap::from([(1, "one".to_string())]),
        many_map: (0..100).map(|i| (i, i * i)).collect(),
        empty_set: HashSet::new(),
        one_set: HashSet::from(["one"]),
        empty_btree: BTreeMap::new(),
        one_btree: BTreeMap::from([(1, "one".to_string())]),
        many_btree: (0..500).map(|i| (i, u64::from(i) * 2)).collect(),
        btree_set: BTreeSet::from([3, 1, 2]),
        boxed: Box::new(5),
        boxed_account: Box::new(Account { owner: "heap", balance: 1 }),
        reference: &ACCOUNT,
        raw: &WHOLE,
        null: std::ptr::null(),
        rc_again: rc.clone(),
        weak: Rc::downgrade(&rc),
        rc,
        dangling: Weak::new(),
        rc_str: "counted".into(),
        arc: Arc::new(Account { owner: "arc", balance: 2 }),
        cell: Cell::new(6),
        ref_cell: RefCell::new(7),
        borrowed: RefCell::new(8),
        mutex: Mutex::new(9),
        function: increment,
        dynamic: Box::new(Square { side: 2.0 }),
        dynamic_reference: &SQUARE,
        closure: Box::new(move |value| value + copy + text.len() as i32),
        list: Node { value: 1, next: Some(Box::new(Node { value: 2, next: None })) },
    };
    unsafe {
        VALUES = Some(values);
        let values = VALUES.as_ref().unwrap();
        std::mem::forget(values.borrowed.borrow_mut());
        stop_here();
        println!("{}", values.dynamic.area() + values.dynamic_reference.area());
        println!("{}", (values.function)((values.closure)(1)));
    }
}
