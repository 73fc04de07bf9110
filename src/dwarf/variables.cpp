// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/variables.h"

#include "dwarf/types.h"

#include <algorithm>

#include <llvm/DebugInfo/DWARF/LowLevel/DWARFExpression.h>

namespace vitrine::core::dwarf {

namespace {

using namespace llvm::dwarf;
using source::Variable;

/// Longer expressions and constants are left out.
constexpr size_t max_bytes = 64 * 1024;
constexpr size_t max_locations = 10'000;

Bytes bytes_of(llvm::ArrayRef<uint8_t> block) { return { block.data(), block.size() }; }

/// Writes the operations of an expression anew.
class Rewriter {
public:
    Rewriter(Entries& entries, const DWARFDie& die)
        : entries_(entries),
          unit_(*die.getDwarfUnit()),
          unit_offset_(entries.offset_of(die) - (die.getOffset() - unit_.getOffset()))
    {}

    /// Empty if an operation cannot be rewritten.
    std::optional<source::Expression> rewrite(Bytes expression)
    {
        const uint8_t address_bytes = unit_.getAddressByteSize();
        const llvm::DataExtractor data(text_of(expression), true, address_bytes);
        const llvm::DWARFExpression operations(data, address_bytes, unit_.getFormParams().Format);
        uint64_t begin = 0;
        for (const auto& operation : operations) {
            if (operation.isError())
                return std::nullopt;
            const uint64_t end = operation.getEndOffset();
            if (end > expression.size() || end <= begin)
                return std::nullopt;
            if (!add(operation, expression.subspan(begin, end - begin), begin))
                return std::nullopt;
            begin = end;
        }
        return std::move(out_.bytes());
    }

    /// Whether an operation refers to other sections or entries.
    static bool is_needed(uint8_t code)
    {
        switch (code) {
        case DW_OP_addrx:
        case DW_OP_constx:
        case DW_OP_GNU_addr_index:
        case DW_OP_GNU_const_index:
        case DW_OP_convert:
        case DW_OP_reinterpret:
        case DW_OP_deref_type:
        case DW_OP_const_type:
        case DW_OP_regval_type: return true;
        default: return false;
        }
    }

private:
    bool add(const llvm::DWARFExpression::Operation& operation, Bytes bytes, uint64_t begin)
    {
        const uint8_t code = operation.getCode();
        switch (code) {
        // The distances of branches would change.
        case DW_OP_bra:
        case DW_OP_skip: return false;
        case DW_OP_addrx:
        case DW_OP_GNU_addr_index: return add_address(operation.getRawOperand(0));
        case DW_OP_constx:
        case DW_OP_GNU_const_index: return add_constant(operation.getRawOperand(0));
        case DW_OP_convert:
        case DW_OP_reinterpret:
            out_.byte(code);
            out_.leb(type_word(operation.getRawOperand(0)));
            return true;
        case DW_OP_const_type:
            out_.byte(code);
            out_.leb(type_word(operation.getRawOperand(0)));
            out_.append(bytes.subspan(operation.getOperandEndOffset(0) - begin));
            return true;
        case DW_OP_regval_type:
        case DW_OP_deref_type:
            out_.append(bytes.first(operation.getOperandEndOffset(0) - begin));
            out_.leb(type_word(operation.getRawOperand(1)));
            return true;
        default: out_.append(bytes); return true;
        }
    }

    std::optional<uint64_t> address(uint64_t index) const
    {
        const auto found =
            index > UINT32_MAX ? std::nullopt : unit_.getAddrOffsetSectionItem(static_cast<uint32_t>(index));
        return found ? std::optional(found->Address) : std::nullopt;
    }

    bool add_address(uint64_t index)
    {
        const auto found = address(index);
        out_.byte(DW_OP_addr);
        if (unit_.getAddressByteSize() == 8)
            out_.fixed(found.value_or(0));
        else
            out_.fixed(static_cast<uint32_t>(found.value_or(0)));
        return found.has_value();
    }

    bool add_constant(uint64_t index)
    {
        const auto found = address(index);
        out_.byte(DW_OP_const8u);
        out_.fixed(found.value_or(0));
        return found.has_value();
    }

    /// What stands for a base type: its size times 256, and its encoding.
    uint64_t type_word(uint64_t within)
    {
        constexpr uint64_t encodings = 256;
        if (within == 0)
            return 0;
        const DWARFDie type = entries_.at(static_cast<EntryOffset>(unit_offset_ + within));
        return type && type.getTag() == DW_TAG_base_type
            ? entries_.number(type, DW_AT_byte_size) % encodings * encodings
                + entries_.number(type, DW_AT_encoding) % encodings
            : 0;
    }

    Entries& entries_;
    llvm::DWARFUnit& unit_;
    const uint64_t unit_offset_;
    ByteWriter out_;
};

/// A location of a variable, if it is one of code that exists.
std::optional<source::Location> location_of(
    Entries& entries, const DWARFDie& die, const llvm::DWARFLocationExpression& from)
{
    if (from.Expr.size() > max_bytes)
        return std::nullopt;
    source::Location location { .range = { 0, UINT32_MAX },
        .expression = self_contained(entries, die, bytes_of(from.Expr)) };
    if (from.Range) {
        const uint64_t high = std::min(from.Range->HighPC, entries.sections().code_size);
        const auto range = entries.sections().range_of(from.Range->LowPC, high);
        if (!range)
            return std::nullopt;
        location.range = *range;
    }
    return location;
}

std::vector<source::Location> locations_of(Entries& entries, const DWARFDie& die)
{
    std::vector<source::Location> locations;
    auto found = die.getLocations(DW_AT_location);
    if (!found) {
        llvm::consumeError(found.takeError());
        return locations;
    }
    for (const llvm::DWARFLocationExpression& each : *found)
        if (locations.size() < max_locations)
            if (auto location = location_of(entries, die, each))
                locations.push_back(*std::move(location));
    return locations;
}

/// The bytes of a constant, of the size of its type.
std::optional<std::vector<uint8_t>> constant_of(Entries& entries, const DWARFDie& die)
{
    const auto value = entries.find_value(die, DW_AT_const_value);
    if (!value)
        return std::nullopt;
    std::vector<uint8_t> bytes;
    if (const auto block = value->getAsBlock()) {
        if (block->size() <= max_bytes)
            bytes.assign(block->begin(), block->end());
    } else if (value->isFormClass(llvm::DWARFFormValue::FC_String)) {
        const llvm::StringRef text = toStringRef(value);
        if (text.size() <= max_bytes)
            bytes.assign(text.begin(), text.end());
        bytes.push_back(0);
    } else {
        // Only the form for signed numbers has no unsigned value.
        const auto number = value->getAsUnsignedConstant();
        const uint64_t bits =
            number ? *number : static_cast<uint64_t>(value->getAsSignedConstant().value_or(0));
        const uint64_t size = size_of_type(entries, entries.find_reference(die, DW_AT_type));
        constexpr uint64_t max_size = 16;
        const uint8_t sign = !number && (bits >> 63) ? 0xff : 0;
        for (uint64_t i = 0; i < std::min(size == 0 ? sizeof bits : size, max_size); ++i)
            bytes.push_back(i < sizeof bits ? static_cast<uint8_t>(bits >> (8 * i)) : sign);
    }
    return bytes;
}

bool is_in_function(const DWARFDie& die)
{
    constexpr int max_depth = 1000;
    DWARFDie parent = die.getParent();
    for (int i = 0; i < max_depth && parent; ++i, parent = parent.getParent())
        if (parent.getTag() == DW_TAG_subprogram || parent.getTag() == DW_TAG_inlined_subroutine)
            return true;
    return false;
}

Variable::Kind kind_of(Entries& entries, const DWARFDie& die, const Variable& variable)
{
    if (die.getTag() == DW_TAG_formal_parameter)
        return Variable::Kind::Parameter;
    const bool is_local = is_in_function(die);
    const bool is_global = entries.flag(die, DW_AT_external);
    // The address of a thread's variable begins with its base, a global of the instance.
    const auto& locations = variable.locations;
    constexpr uint8_t wasm_location = 0xed, fixed_global = 3;
    if (locations.size() == 1 && locations.front().expression.size() > 2 && !is_local
        && locations.front().expression[0] == wasm_location
        && locations.front().expression[1] == fixed_global)
        return Variable::Kind::ThreadLocal;
    if (!is_local)
        return is_global ? Variable::Kind::Global : Variable::Kind::Static;
    const bool has_address = locations.size() == 1 && !locations.front().expression.empty()
        && locations.front().expression.front() == DW_OP_addr;
    return has_address ? Variable::Kind::Static : Variable::Kind::Local;
}

} // namespace

source::Expression self_contained(Entries& entries, const DWARFDie& die, Bytes expression)
{
    // Most expressions have none of these operations, but an operand may look like one.
    if (std::ranges::any_of(expression, Rewriter::is_needed))
        if (auto rewritten = Rewriter(entries, die).rewrite(expression))
            return *std::move(rewritten);
    return { expression.begin(), expression.end() };
}

std::optional<Variable> read_variable(Entries& entries, const DWARFDie& die)
{
    const Tag tag = die.getTag();
    if (tag != DW_TAG_variable && tag != DW_TAG_formal_parameter && tag != DW_TAG_constant)
        return std::nullopt;
    Variable variable;
    variable.id = source::VariableId { entries.id_of(die) };
    const NamedEntry* known = Index::find(entries.index().globals, entries.offset_of(die));
    variable.name = known ? entries.name_of(*known) : entries.text(die, DW_AT_name);
    variable.linkage_name = entries.text(die, DW_AT_linkage_name);
    variable.type = type_of(entries, die);
    variable.declared = entries.declared_at(die);
    variable.is_artificial = entries.flag(die, DW_AT_artificial);
    variable.locations = locations_of(entries, die);
    if (variable.locations.empty())
        variable.constant = constant_of(entries, die);
    variable.kind = kind_of(entries, die, variable);
    return variable;
}

} // namespace vitrine::core::dwarf
