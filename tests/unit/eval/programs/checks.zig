// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
extern "test" fn integer(text: [*:0]const u8, value: i64) void;
extern "test" fn assign(text: [*:0]const u8) void;

const Point = struct { x: i32, y: i16 };
const Color = enum(u8) { red = 1, blue = 7 };
const Node = struct { at: Point, next: ?*const Node, color: Color, values: [3]u16 };

var counter: u64 = 7;
export var limit: i32 = 500;

noinline fn look(node: *Node, slice: []const i32, n: u32, far: Point) i64 {
    var total: i64 = 0;
    for (slice) |value| {
        total += value;
        integer("value", value);
        integer("total", total);
    }
    integer("n", n);
    integer("n + 1", n + 1);
    integer("node.at.x", node.at.x);
    integer("node.at.y", node.at.y);
    integer("node.values[1]", node.values[1]);
    integer("node.color", @intFromEnum(node.color));
    integer("node.color == blue", 1);
    integer("slice[2]", slice[2]);
    integer("slice.len", @intCast(slice.len));
    integer("far.x", far.x);
    integer("far.y", far.y);
    integer("counter", @intCast(counter));
    integer("limit", limit);
    return total + far.x;
}

noinline fn change(node: *Node) void {
    assign("node.at.x = 44");
    assign("node.color = red");
    assign("counter = 8");
    if (node.at.x != 44 or node.color != .red or counter != 8) unreachable;
}

export fn run(n: u32) i32 {
    var last = Node{ .at = .{ .x = -5, .y = 6 }, .next = null, .color = .blue, .values = .{ 10, 20, 30 } };
    const values = [_]i32{ 1, -2, 3 };
    counter += n - n;
    const sum = look(&last, &values, n, .{ .x = 70000, .y = -3 });
    change(&last);
    return @intCast(sum);
}
