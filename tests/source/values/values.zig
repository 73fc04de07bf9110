// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of Zig for `source::render`. The test finds each by its name.
const std = @import("std");

const Point = struct { x: i32, y: i32 };
const Color = enum { red, green, blue };
const Failure = error{ NotFound, Denied };
const Shape = union(enum) { empty, circle: f64, rectangle: Point, named: []const u8 };
const Number = union { integer: u32, real: f32 };
const Packed = packed struct { low: u3, on: bool, high: u12 };
const Node = struct { value: i32, next: ?*const Node };

var byte: u8 = 200;
var small: i5 = -3;
var huge: u128 = 1 << 100;
var yes: bool = true;
var real: f32 = 0.1;
var slice: []const u8 = "jade \xc3\xa4";
var empty_slice: []const u8 = "";
var sentinel: [:0]const u8 = "opal";
var many_pointer: [*]const u8 = "many";
var c_text: [*:0]const u8 = "c text";
var numbers: []const i32 = &.{ 1, 2, 3 };
var no_numbers: []const i32 = &.{};
var many: [100]i32 = @splat(7);
var many_slice: []i32 = &many;
var array: [3]u16 = .{ 1, 2, 3 };
var text_array: [4:0]u8 = "text".*;
var point: Point = .{ .x = 1, .y = 2 };
var pointer: *Point = &point;
var none: ?i32 = null;
var some: ?i32 = 3;
var null_pointer: ?*Point = null;
var some_pointer: ?*Point = &point;
var none_slice: ?[]const u8 = null;
var some_slice: ?[]const u8 = "inside";
var success: Failure!i32 = 4;
var failed: Failure!i32 = error.Denied;
var void_success: anyerror!void = {};
var void_failed: anyerror!void = error.NotFound;
var failure: Failure = error.NotFound;
var color: Color = .green;
var shape_empty: Shape = .empty;
var circle: Shape = .{ .circle = 2.5 };
var rectangle: Shape = .{ .rectangle = .{ .x = 3, .y = 4 } };
var named: Shape = .{ .named = "name" };
var number: Number = .{ .real = 1 };
var bits: Packed = .{ .low = 5, .on = true, .high = 100 };
var last: Node = .{ .value = 2, .next = null };
var first: Node = .{ .value = 1, .next = &last };
var tuple: struct { i32, []const u8 } = .{ 1, "two" };
var list: std.ArrayList(i32) = .empty;
var function: *const fn (i32) i32 = &increment;

fn increment(value: i32) i32 {
    return value + 1;
}

/// The test looks at the memory when this is called.
extern "test" fn stop_here() void;

fn keep(value: anytype) void {
    std.mem.doNotOptimizeAway(value);
}

pub fn main() !void {
    try list.appendSlice(std.heap.wasm_allocator, &.{ 1, 2, 3 });
    inline for (.{ &byte, &small, &huge, &yes, &real, &slice, &empty_slice, &sentinel, &many_pointer, &c_text }) |it| keep(it);
    inline for (.{ &numbers, &no_numbers, &many, &many_slice, &array, &text_array, &point, &pointer }) |it| keep(it);
    inline for (.{ &none, &some, &null_pointer, &some_pointer, &none_slice, &some_slice }) |it| keep(it);
    inline for (.{ &success, &failed, &void_success, &void_failed, &failure, &color }) |it| keep(it);
    inline for (.{ &shape_empty, &circle, &rectangle, &named, &number, &bits, &first, &tuple, &list, &function }) |it| keep(it);
    stop_here();
}
