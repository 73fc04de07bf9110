// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/location.h"

#include "source/location.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::eval {

namespace {

using source::Op;
using source::Operation;
using source::WasmLocation;

constexpr size_t max_nodes = 300;
constexpr uint32_t max_depth = 60;
constexpr auto optimized_out = "optimized out";

/// The reason why a variable is not known.
std::unexpected<Error> unknown(const std::string& why) { return failure("not known: " + why); }

size_t nodes_of(const Node& node)
{
    size_t count = 1;
    for (const Node& child : node.children)
        count += nodes_of(child);
    return count;
}

Node with_children(Node node, std::vector<Node> children)
{
    node.children = std::move(children);
    for (const Node& child : node.children)
        node.depth = std::max(node.depth, child.depth + 1);
    return node;
}

Node unary_node(std::string_view sign, Node value)
{
    const uint32_t position = value.position;
    std::vector<Node> children;
    children.push_back(std::move(value));
    return with_children(
        { .syntax = Syntax::Unary, .position = position, .word = sign }, std::move(children));
}

/// How the operators of DWARF are written; `is_signed` if they interpret their operands so.
struct Sign {
    Op op;
    std::string_view sign;
    bool is_signed = false;
};
constexpr Sign signs[] = { { Op::and_, "&" }, { Op::div, "/", true }, { Op::minus, "-" }, { Op::mod, "%" },
    { Op::mul, "*" }, { Op::or_, "|" }, { Op::plus, "+" }, { Op::shl, "<<" }, { Op::shr, ">>" },
    { Op::shra, ">>", true }, { Op::xor_, "^" }, { Op::eq, "==", true }, { Op::ge, ">=", true },
    { Op::gt, ">", true }, { Op::le, "<=", true }, { Op::lt, "<", true }, { Op::ne, "!=", true } };

/// The cast to a base type, which is given as `size << 8 | encoding`. Empty for an unknown one.
std::string_view word_of_base_type(uint64_t type)
{
    constexpr uint64_t address = 1, boolean = 2, real = 4, integer = 5, character = 6, natural = 7,
                       unsigned_character = 8;
    const uint64_t size = type >> 8;
    switch (type & 0xff) {
    case integer:
    case character: return size == 1 ? "i8" : size == 2 ? "i16" : size == 4 ? "i32" : size == 8 ? "i64" : "";
    case address:
    case boolean:
    case natural:
    case unsigned_character:
        return size == 1 ? "u8" : size == 2 ? "u16" : size == 4 ? "u32" : size == 8 ? "u64" : "";
    case real: return size == 4 ? "f32" : size == 8 ? "f64" : "";
    default: return {};
    }
}

/// Evaluates the operations of a part on a stack of nodes.
class Lowering {
public:
    Lowering(const LocationContext& context, bool is_wide) : context_(context), is_wide_(is_wide) {}

    Result<Node> lower(const std::vector<Operation>& operations)
    {
        // The place itself, if there is nothing to compute.
        if (operations.size() == 1 && operations[0].op == Op::WASM_location)
            return TRY(wasm(operations[0]));
        for (const Operation& operation : operations) {
            CHECK(apply(operation));
            if (!stack_.empty() && (stack_.back().depth > max_depth || nodes_of(stack_.back()) > max_nodes))
                return unknown("its location is too complicated");
        }
        return std::move(stack_.back());
    }

private:
    std::string_view unsigned_word() const { return is_wide_ ? "u64" : "u32"; }
    std::string_view signed_word() const { return is_wide_ ? "i64" : "i32"; }
    std::string_view address_word() const { return context_.address_bytes == 8 ? "u64" : "u32"; }

    Node pop()
    {
        ASSERT(!stack_.empty());
        Node node = std::move(stack_.back());
        stack_.pop_back();
        return node;
    }
    void push(Node node) { stack_.push_back(std::move(node)); }
    void push_constant(uint64_t value) { push(integer_node(value, is_wide_, context_.position)); }
    /// A copy of the operand that many below the top.
    void push_copy(size_t below)
    {
        ASSERT(below < stack_.size());
        push(Node(stack_[stack_.size() - 1 - below]));
    }
    /// The value with DWARF's generic type.
    Node generic(Node node) const
    {
        const bool is_generic =
            node.word == unsigned_word() && (node.syntax == Syntax::Cast || node.syntax == Syntax::Memory);
        const bool is_constant = node.syntax == Syntax::Integer && node.is_long == is_wide_;
        return is_generic || is_constant ? node : cast_node(unsigned_word(), std::move(node));
    }
    /// A 32-bit value that DWARF takes for an unsigned one.
    Node extended(Node node) const { return is_wide_ ? cast_node("u64", std::move(node)) : node; }

    Result<Node> wasm(const Operation& operation)
    {
        Node node { .syntax = Syntax::Local, .position = context_.position };
        const auto kind = static_cast<WasmLocation>(operation.first);
        if (operation.second > UINT32_MAX)
            return unknown("its location is malformed");
        const auto index = static_cast<uint32_t>(operation.second);
        if (kind == WasmLocation::Operand) {
            node.syntax = Syntax::Operand;
            return with_children(std::move(node), { integer_node(index, false, context_.position) });
        }
        // A module without thread-local variables that need it has no __tls_base.
        if (kind == WasmLocation::Global32 && index == UINT32_MAX)
            return integer_node(0, is_wide_, context_.position);
        if (kind != WasmLocation::Local)
            node.syntax = Syntax::Global;
        node.selector = { true, index };
        return node;
    }

    Result<void> frame_base(uint64_t offset)
    {
        if (!context_.frame_base || context_.frame_base->empty())
            return unknown("the function has no frame base");
        const auto pieces = source::parse_location(*context_.frame_base, context_.address_bytes);
        if (!pieces || pieces->size() != 1 || pieces->front().operations.empty())
            return unknown("the frame base of the function cannot be evaluated");
        for (const Operation& operation : pieces->front().operations) {
            if (operation.op == Op::fbreg)
                return unknown("the frame base of the function cannot be evaluated");
            const bool is_local = operation.op == Op::WASM_location && operation.first == 0;
            if (is_local && !context_.no_frame_base.empty())
                return failure(context_.no_frame_base);
            CHECK(apply(operation));
        }
        add(offset);
        return {};
    }

    void add(uint64_t offset)
    {
        Node base = generic(pop());
        if (!is_wide_)
            offset &= UINT32_MAX;
        if (offset == 0)
            return push(std::move(base));
        push(binary_node("+", std::move(base), integer_node(offset, is_wide_, context_.position)));
    }

    Result<void> dereference(std::string_view word)
    {
        Node address = cast_node(address_word(), pop());
        push(extended(memory_node(word, context_.memory, std::move(address))));
        return {};
    }

    Result<void> operate(const Sign& sign)
    {
        Node right = generic(pop());
        Node left = generic(pop());
        if (sign.is_signed) {
            left = cast_node(signed_word(), std::move(left));
            if (sign.op != Op::shra)
                right = cast_node(signed_word(), std::move(right));
        }
        push(cast_node(unsigned_word(), binary_node(sign.sign, std::move(left), std::move(right))));
        return {};
    }

    Result<void> convert(uint64_t type)
    {
        if (type == 0) {
            push(generic(pop()));
            return {};
        }
        const std::string_view word = word_of_base_type(type);
        if (word.empty())
            return unknown("its location converts to an unknown type");
        push(cast_node(word, pop()));
        return {};
    }

    /// The absolute value.
    Result<void> absolute()
    {
        const Node value = cast_node(signed_word(), pop());
        const Node zero = integer_node(0, is_wide_, context_.position);
        std::vector<Node> children;
        children.push_back(binary_node("<", value, cast_node(signed_word(), zero)));
        children.push_back(unary_node("-", value));
        children.push_back(value);
        push(cast_node(unsigned_word(),
            with_children({ .syntax = Syntax::Choice, .position = context_.position }, std::move(children))));
        return {};
    }

    Result<void> apply(const Operation& operation)
    {
        const auto* const sign = std::ranges::find(signs, operation.op, &Sign::op);
        if (sign != std::end(signs))
            return operate(*sign);
        switch (operation.op) {
        case Op::addr:
        case Op::lit:
        case Op::const1u:
        case Op::const1s:
        case Op::const2u:
        case Op::const2s:
        case Op::const4u:
        case Op::const4s:
        case Op::const8u:
        case Op::const8s:
        case Op::constu:
        case Op::consts:
        case Op::const_type: push_constant(operation.first); return {};
        case Op::WASM_location: {
            Node node = TRY(wasm(operation));
            if (node.syntax != Syntax::Integer) {
                node = cast_node(unsigned_word(), std::move(node));
                node.is_unsigned = true;
            }
            push(std::move(node));
            return {};
        }
        case Op::fbreg: return frame_base(operation.first);
        case Op::plus_uconst: add(operation.first); return {};
        case Op::deref: return dereference(address_word());
        case Op::deref_size:
        case Op::deref_type: return dereference_size(operation.first);
        case Op::dup: push_copy(0); return {};
        case Op::over: push_copy(1); return {};
        case Op::pick: push_copy(operation.first); return {};
        case Op::drop: pop(); return {};
        case Op::swap: std::swap(stack_[stack_.size() - 1], stack_[stack_.size() - 2]); return {};
        case Op::rot: std::rotate(stack_.end() - 3, stack_.end() - 1, stack_.end()); return {};
        case Op::neg: push(unary_node("-", generic(pop()))); return {};
        case Op::not_: push(unary_node("~", generic(pop()))); return {};
        case Op::abs: return absolute();
        case Op::convert:
        case Op::reinterpret: return convert(operation.first);
        case Op::nop: return {};
        case Op::entry_value:
        case Op::GNU_entry_value:
        case Op::implicit_pointer:
        case Op::GNU_implicit_pointer: return failure(optimized_out);
        default:
            return failure(
                "its location needs " + source::to_text(operation.op) + ", which is not supported");
        }
    }

    Result<void> dereference_size(uint64_t size)
    {
        switch (size) {
        case 1: return dereference("u8");
        case 2: return dereference("u16");
        case 4: return dereference("u32");
        case 8: return dereference("u64");
        default: return unknown("its location is malformed");
        }
    }

    const LocationContext& context_;
    /// Whether values have 64 bits.
    bool is_wide_;
    std::vector<Node> stack_;
};

LocationPart lower_piece(const source::Piece& piece, const LocationContext& context)
{
    using Kind = LocationPart::Kind;
    LocationPart part { .bit_offset = piece.bit_offset };
    if (!piece.bytes.empty()) {
        part.kind = Kind::Bytes;
        part.bytes = piece.bytes;
        return part;
    }
    if (piece.operations.empty()) {
        part.why = optimized_out;
        return part;
    }
    const uint64_t bytes = piece.bit_size != 0 ? piece.bit_size / 8 : context.bytes;
    const bool is_wide = context.address_bytes == 8 || (piece.is_value && bytes > 4);
    auto node = Lowering(context, is_wide).lower(piece.operations);
    if (!node) {
        part.why = std::move(node).error().message;
        return part;
    }
    part.kind = piece.is_value ? Kind::Value : Kind::Address;
    part.node = piece.is_value ? std::move(*node)
                               : cast_node(context.address_bytes == 8 ? "u64" : "u32", std::move(*node));
    part.node.is_unsigned = !piece.is_value;
    return part;
}

} // namespace

Node integer_node(uint64_t value, bool is_wide, uint32_t position)
{
    return { .syntax = Syntax::Integer,
        .position = position,
        .number = is_wide ? value : static_cast<uint32_t>(value),
        .is_unsigned = true,
        .is_long = is_wide };
}

Node cast_node(std::string_view word, Node value)
{
    const uint32_t position = value.position;
    std::vector<Node> children;
    children.push_back(std::move(value));
    return with_children({ .syntax = Syntax::Cast, .position = position, .word = word }, std::move(children));
}

Node binary_node(std::string_view sign, Node left, Node right)
{
    const uint32_t position = left.position;
    std::vector<Node> children;
    children.push_back(std::move(left));
    children.push_back(std::move(right));
    return with_children(
        { .syntax = Syntax::Binary, .position = position, .word = sign }, std::move(children));
}

Node memory_node(std::string_view word, uint32_t memory, Node address)
{
    const uint32_t position = address.position;
    std::vector<Node> children;
    children.push_back(std::move(address));
    return with_children(
        { .syntax = Syntax::Memory, .position = position, .word = word, .selector = { true, memory } },
        std::move(children));
}

LocationPart missing_part(uint64_t bytes, std::string why)
{
    return { .why = std::move(why), .bit_size = bytes * 8 };
}

LocationPart constant_part(std::vector<uint8_t> bytes)
{
    LocationPart part { .kind = LocationPart::Kind::Bytes, .bit_size = bytes.size() * 8 };
    part.bytes = std::move(bytes);
    return part;
}

std::vector<LocationPart> lower_location(const source::Expression& location, const LocationContext& context)
{
    std::vector<LocationPart> parts;
    const auto pieces = source::parse_location(location, context.address_bytes);
    if (!pieces) {
        parts.push_back(missing_part(context.bytes, "not known: " + pieces.error().message));
        return parts;
    }
    uint64_t at = 0;
    for (const source::Piece& piece : *pieces) {
        LocationPart part = lower_piece(piece, context);
        part.bit_begin = at;
        part.bit_size = piece.bit_size != 0 ? piece.bit_size : context.bytes * 8;
        at = part.bit_end();
        parts.push_back(std::move(part));
    }
    if (at < context.bytes * 8) {
        LocationPart rest { .why = optimized_out, .bit_begin = at, .bit_size = context.bytes * 8 - at };
        parts.push_back(std::move(rest));
    }
    return parts;
}

} // namespace vitrine::core::eval
