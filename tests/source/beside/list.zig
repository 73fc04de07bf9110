// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structs, slices, optionals and errors.
const std = @import("std");

const Point = struct {
    x: i32,
    y: i32,

    fn scaled(self: Point, factor: i32) Point {
        const x = self.x * factor;
        const y = self.y * factor;
        return Point{ .x = x, .y = y };
    }
};

fn sum(points: []const Point) i64 {
    var total: i64 = 0;
    for (points) |point| {
        const part = point.x * point.y;
        total += part;
    }
    return total;
}

fn find(points: []const Point, x: i32) ?usize {
    var index: usize = 0;
    while (index < points.len) {
        if (points[index].x == x)
            return index;
        index += 1;
    }
    return null;
}

pub fn main() void {
    var points = [_]Point{ .{ .x = 1, .y = 2 }, .{ .x = -3, .y = 4 }, .{ .x = 5, .y = -6 } };
    points[1] = points[1].scaled(3);
    const total = sum(&points);
    const place = find(&points, 5) orelse 9;
    std.debug.print("{} {}\n", .{ total, place });
}
