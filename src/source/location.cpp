// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/location.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace vitrine::core::source {

namespace {

constexpr size_t max_operations = 1000;
constexpr size_t max_pieces = 1000;
constexpr size_t max_depth = 64;
/// No variable is larger, and sums of sizes in bits do not overflow.
constexpr uint64_t max_piece_bytes = uint64_t { 1 } << 48;

/// The forms of operands.
enum Form : uint8_t {
    NONE,
    U8,
    S8,
    U16,
    S16,
    U32,
    S32,
    U64,
    S64,
    ULEB,
    SLEB,
    ADDRESS,
    OFFSET,
    BLOCK,
    BYTES,
    WASM
};
constexpr std::array<Form, 2> forms(Form first) { return { first, NONE }; }
constexpr std::array<Form, 2> forms(std::array<Form, 2> both) { return both; }
constexpr std::array<Form, 2> PAIR(Form first, Form second) { return { first, second }; }

/// What is known of an operation.
struct Row {
    std::string_view name;
    uint8_t code;
    uint8_t count;
    std::array<Form, 2> operands;
    uint8_t popped, pushed;
};
constexpr Row rows[] = {
#define OP(name, code, count, operands, popped, pushed) \
    { #name, code, count, forms(operands), popped, pushed },
#include "source/ops.inc"
};

const Row& row_of(Op op) { return rows[static_cast<size_t>(op)]; }

class LocationParser {
public:
    LocationParser(Bytes expression, uint8_t address_bytes) : in_(expression), address_bytes_(address_bytes)
    {}

    Result<std::vector<Piece>> parse()
    {
        while (!in_.at_end()) {
            begin_ = in_.offset();
            if (++operations_ > max_operations)
                return failure("a location has at most 1000 operations", begin_);
            const Operation operation = TRY(read_operation());
            CHECK(add(operation));
        }
        const bool is_open = !piece_.operations.empty() || !piece_.bytes.empty();
        if (pieces_.empty() || is_open) {
            if (!pieces_.empty())
                return failure("a location ends without the size of its last piece", in_.offset());
            CHECK(end_piece(0, 0));
        }
        return std::move(pieces_);
    }

private:
    Result<Operation> read_operation()
    {
        const uint8_t code = TRY(in_.byte());
        const auto* const row = std::ranges::find_if(
            rows, [&](const Row& each) { return each.code <= code && code - each.code < each.count; });
        if (row == std::end(rows))
            return failure("a location has an unknown operation (code " + std::to_string(code) + ")", begin_);
        Operation operation { .op = static_cast<Op>(row - rows) };
        if (row->count > 1)
            operation.first = code - row->code;
        uint64_t* const places[] = { row->count > 1 ? &operation.second : &operation.first,
            &operation.second };
        for (size_t i = 0; i < 2; ++i)
            if (row->operands[i] == WASM)
                CHECK(read_wasm(operation));
            else if (row->operands[i] != NONE)
                *places[i] = TRY(read_operand(row->operands[i], operation.op));
        return operation;
    }

    template<class T> Result<uint64_t> fixed()
    {
        const T value = TRY(in_.fixed<T>());
        return static_cast<uint64_t>(static_cast<int64_t>(value));
    }

    Result<uint64_t> read_operand(Form form, Op op)
    {
        switch (form) {
        case NONE:
        case WASM: break;
        case U8: return fixed<uint8_t>();
        case S8: return fixed<int8_t>();
        case U16: return fixed<uint16_t>();
        case S16: return fixed<int16_t>();
        case OFFSET:
        case U32: return fixed<uint32_t>();
        case S32: return fixed<int32_t>();
        case U64:
        case S64: return fixed<uint64_t>();
        case ULEB: return in_.leb<uint64_t>();
        case SLEB: return static_cast<uint64_t>(TRY(in_.leb<int64_t>()));
        case ADDRESS: return address_bytes_ == 8 ? fixed<uint64_t>() : fixed<uint32_t>();
        case BLOCK:
        case BYTES: return read_block(form == BYTES ? TRY(in_.byte()) : TRY(in_.length()), op);
        }
        return uint64_t { 0 };
    }

    /// The bytes of an implicit value are the piece's; those of a constant are its value.
    Result<uint64_t> read_block(uint32_t length, Op op)
    {
        const Bytes block = TRY(in_.bytes(length));
        if (op == Op::implicit_value)
            piece_.bytes.assign(block.begin(), block.end());
        if (op != Op::const_type)
            return uint64_t { 0 };
        if (length > 8)
            return failure("a constant of a location has more than 8 bytes", begin_);
        uint64_t value = 0;
        for (size_t i = 0; i < length; ++i)
            value |= uint64_t { block[i] } << 8 * i;
        return value;
    }

    Result<void> read_wasm(Operation& operation)
    {
        operation.first = TRY(in_.byte());
        if (operation.first > static_cast<uint8_t>(WasmLocation::Global32))
            return failure("a location has an unknown kind of DW_OP_WASM_location ("
                    + std::to_string(operation.first) + ")",
                begin_);
        const bool is_fixed = operation.first == static_cast<uint8_t>(WasmLocation::Global32);
        operation.second = is_fixed ? TRY(in_.fixed<uint32_t>()) : TRY(in_.leb<uint32_t>());
        return {};
    }

    Result<void> add(Operation operation)
    {
        switch (operation.op) {
        case Op::nop: return {};
        case Op::piece: return end_piece_of(operation.first, 8, 0);
        case Op::bit_piece: return end_piece_of(operation.first, 1, operation.second);
        case Op::implicit_value:
            if (!piece_.operations.empty() || piece_.bytes.empty())
                return failure("a location has an unexpected DW_OP_implicit_value", begin_);
            return {};
        case Op::bra:
        case Op::skip:
        case Op::call2:
        case Op::call4:
        case Op::call_ref:
            return failure("a location has " + to_text(operation.op) + ", which is not supported", begin_);
        case Op::plus_uconst:
            if (piece_.operations.empty())
                operation.op = Op::fbreg;
            break;
        default: break;
        }
        CHECK(apply(operation));
        if (operation.op == Op::stack_value)
            piece_.is_value = true;
        else
            piece_.operations.push_back(operation);
        return {};
    }

    /// Counts the operands on the stack.
    Result<void> apply(const Operation& operation)
    {
        const Row& row = row_of(operation.op);
        if (piece_.is_value || !piece_.bytes.empty())
            return failure("a location goes on behind its value", begin_);
        const size_t needed = operation.op == Op::pick ? operation.first + 1 : row.popped;
        if (depth_ < needed)
            return failure(to_text(operation.op) + " lacks an operand", begin_);
        depth_ = depth_ - row.popped + row.pushed;
        if (depth_ > max_depth)
            return failure("a location pushes too many operands", begin_);
        return {};
    }

    Result<void> end_piece_of(uint64_t size, uint64_t unit, uint64_t bit_offset)
    {
        if (size == 0 || size > max_piece_bytes || bit_offset > max_piece_bytes)
            return failure("a piece of a location has an impossible size", begin_);
        return end_piece(size * unit, bit_offset);
    }

    Result<void> end_piece(uint64_t bit_size, uint64_t bit_offset)
    {
        if (!piece_.operations.empty() && depth_ == 0)
            return failure("a location leaves no operand", begin_);
        if (pieces_.size() >= max_pieces)
            return failure("a location has at most 1000 pieces", begin_);
        piece_.bit_size = bit_size;
        piece_.bit_offset = bit_offset;
        pieces_.push_back(std::move(piece_));
        piece_ = {};
        depth_ = 0;
        return {};
    }

    ByteReader in_;
    uint8_t address_bytes_;
    /// The offset of the operation that is being read.
    uint64_t begin_ = 0;
    size_t operations_ = 0;
    /// How many operands are on the stack.
    size_t depth_ = 0;
    Piece piece_;
    std::vector<Piece> pieces_;
};

} // namespace

std::string to_text(Op op)
{
    std::string_view name = row_of(op).name;
    if (name.ends_with('_'))
        name.remove_suffix(1);
    return "DW_OP_" + std::string(name);
}

Result<std::vector<Piece>> parse_location(Bytes expression, uint8_t address_bytes)
{
    return LocationParser(expression, address_bytes).parse();
}

} // namespace vitrine::core::source
