// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/types.h"

#include <algorithm>

namespace vitrine::core::dwarf {

namespace {

using namespace llvm::dwarf;
using source::Type;

/// More members, enumerators, parameters and variants than this are left out.
constexpr size_t max_parts = 100'000;
/// How many typedefs and qualifiers are followed.
constexpr int max_hops = 64;

Type::Kind kind_of_base(uint64_t encoding)
{
    switch (encoding) {
    case DW_ATE_boolean: return Type::Kind::Bool;
    case DW_ATE_float: return Type::Kind::Float;
    case DW_ATE_complex_float: return Type::Kind::Complex;
    case DW_ATE_signed: return Type::Kind::Signed;
    case DW_ATE_unsigned:
    case DW_ATE_address: return Type::Kind::Unsigned;
    case DW_ATE_signed_char:
    case DW_ATE_unsigned_char:
    case DW_ATE_UTF:
    case DW_ATE_UCS:
    case DW_ATE_ASCII: return Type::Kind::Character;
    default: return Type::Kind::Unknown;
    }
}

Type::Kind kind_of(uint16_t tag)
{
    switch (tag) {
    case DW_TAG_pointer_type: return Type::Kind::Pointer;
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type: return Type::Kind::Reference;
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_interface_type: return Type::Kind::Struct;
    case DW_TAG_union_type: return Type::Kind::Union;
    case DW_TAG_enumeration_type: return Type::Kind::Enum;
    case DW_TAG_array_type: return Type::Kind::Array;
    case DW_TAG_subroutine_type: return Type::Kind::Function;
    case DW_TAG_typedef:
    case DW_TAG_template_alias: return Type::Kind::Typedef;
    case DW_TAG_const_type: return Type::Kind::Const;
    case DW_TAG_volatile_type: return Type::Kind::Volatile;
    case DW_TAG_atomic_type:
    case DW_TAG_restrict_type:
    case DW_TAG_packed_type:
    case DW_TAG_shared_type:
    case DW_TAG_immutable_type: return Type::Kind::Other;
    case DW_TAG_unspecified_type: return Type::Kind::Unspecified;
    case DW_TAG_ptr_to_member_type: return Type::Kind::MemberPointer;
    default: return Type::Kind::Unknown;
    }
}

int64_t signed_number(const std::optional<llvm::DWARFFormValue>& value)
{
    if (!value)
        return 0;
    // A constant of fixed size is sign-extended only if it was written as a signed number.
    if (const auto number = value->getAsUnsignedConstant())
        return static_cast<int64_t>(*number);
    return value->getAsSignedConstant().value_or(0);
}

/// A constant of an integer type. The forms of fixed size do not say whether it is signed.
int64_t typed_number(const std::optional<llvm::DWARFFormValue>& value, bool is_signed)
{
    if (!value)
        return 0;
    if (is_signed)
        if (const auto number = value->getAsSignedConstant())
            return *number;
    return signed_number(value);
}

/// The offset of a member: a number, or an expression that adds one.
uint64_t offset_of(const DWARFDie& die)
{
    const auto value = die.find(DW_AT_data_member_location);
    if (!value)
        return 0;
    if (const auto number = value->getAsUnsignedConstant())
        return *number;
    const auto block = value->getAsBlock();
    if (!block || block->empty() || block->front() != DW_OP_plus_uconst)
        return 0;
    ByteReader in(Bytes(block->data() + 1, block->size() - 1));
    return in.leb<uint64_t>().value_or(0);
}

/// The number of elements in a dimension of an array, if it is known.
std::optional<uint64_t> count_of(const DWARFDie& die)
{
    if (const auto count = die.find(DW_AT_count))
        return count->getAsUnsignedConstant();
    const auto upper = die.find(DW_AT_upper_bound);
    if (!upper || !upper->isFormClass(llvm::DWARFFormValue::FC_Constant))
        return std::nullopt;
    int64_t last = signed_number(upper);
    // An array without elements.
    if (last == UINT32_MAX)
        last = -1;
    const int64_t first = signed_number(die.find(DW_AT_lower_bound));
    if (last < first)
        return 0;
    return static_cast<uint64_t>(last) - static_cast<uint64_t>(first) + 1;
}

class TypeReader {
public:
    TypeReader(Entries& entries, const DWARFDie& die) : entries_(entries), die_(die) {}

    Type read()
    {
        type_.id = source::TypeId { entries_.id_of(die_) };
        type_.language = entries_.language(die_);
        const Tag tag = die_.getTag();
        type_.kind =
            tag == DW_TAG_base_type ? kind_of_base(entries_.number(die_, DW_AT_encoding)) : kind_of(tag);
        if (type_.kind == Type::Kind::Unknown && tag != DW_TAG_base_type)
            return type_;
        type_.name = entries_.qualified_name(die_);
        type_.size = size_of_type(entries_, die_);
        type_.target = type_of(entries_, die_);
        type_.declared = entries_.declared_at(die_);
        type_.is_declaration = die_.find(DW_AT_declaration).has_value();
        if (const DWARFDie containing = entries_.reference(die_, DW_AT_containing_type))
            type_.containing = source::TypeId { entries_.id_of(containing) };
        if (tag == DW_TAG_base_type)
            read_encoding();
        if (type_.kind == Type::Kind::Enum)
            type_.is_signed = is_signed(entries_.find_reference(die_, DW_AT_type));
        for (const DWARFDie& child : die_.children())
            read_child(child);
        return std::move(type_);
    }

private:
    void read_encoding()
    {
        const uint64_t encoding = entries_.number(die_, DW_AT_encoding);
        type_.is_utf = encoding == DW_ATE_UTF;
        type_.is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
    }

    /// Whether values of an integer type are signed.
    bool is_signed(DWARFDie die)
    {
        for (int i = 0; i < max_hops && die; ++i) {
            if (die.getTag() == DW_TAG_base_type) {
                const uint64_t encoding = entries_.number(die, DW_AT_encoding);
                return encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
            }
            die = entries_.reference(die, DW_AT_type);
        }
        return false;
    }

    void read_child(const DWARFDie& child)
    {
        switch (child.getTag()) {
        case DW_TAG_member:
            // Static members are variables.
            if (!child.find(DW_AT_external) && !child.find(DW_AT_declaration)
                && type_.members.size() < max_parts)
                type_.members.push_back(member(child));
            break;
        case DW_TAG_inheritance:
            if (type_.members.size() < max_parts) {
                type_.members.push_back(member(child));
                type_.members.back().is_base_class = true;
            }
            break;
        case DW_TAG_enumerator:
            if (type_.enumerators.size() < max_parts)
                type_.enumerators.push_back({ entries_.text(child, DW_AT_name),
                    typed_number(child.find(DW_AT_const_value), type_.is_signed) });
            break;
        case DW_TAG_subrange_type:
            if (type_.kind == Type::Kind::Array && type_.dimensions.size() < max_parts)
                type_.dimensions.push_back(count_of(child));
            break;
        case DW_TAG_formal_parameter:
            if (type_.kind == Type::Kind::Function && type_.parameters.size() < max_parts)
                type_.parameters.push_back(type_of(entries_, child));
            break;
        case DW_TAG_template_type_parameter:
        case DW_TAG_template_value_parameter: read_argument(child); break;
        case DW_TAG_GNU_template_parameter_pack:
            for (const DWARFDie& each : child.children())
                read_argument(each);
            break;
        case DW_TAG_variant_part: read_variants(child); break;
        default: break;
        }
    }

    void read_argument(const DWARFDie& die)
    {
        if (type_.arguments.size() >= max_parts)
            return;
        source::TemplateArgument argument { entries_.text(die, DW_AT_name), type_of(entries_, die) };
        if (die.getTag() == DW_TAG_template_value_parameter)
            if (const auto value = die.find(DW_AT_const_value))
                argument.value = typed_number(value, is_signed(entries_.reference(die, DW_AT_type)));
        type_.arguments.push_back(std::move(argument));
    }

    source::Member member(const DWARFDie& die)
    {
        source::Member member { .name = entries_.text(die, DW_AT_name),
            .type = type_of(entries_, die),
            .offset = offset_of(die),
            .is_artificial = die.find(DW_AT_artificial).has_value() };
        constexpr uint64_t byte_bits = 8;
        const auto bits = toUnsigned(die.find(DW_AT_bit_size));
        if (!bits)
            return member;
        member.bit_size = static_cast<uint32_t>(*bits);
        uint64_t first_bit = 0;
        if (const auto at = toUnsigned(die.find(DW_AT_data_bit_offset))) {
            first_bit = *at;
        } else if (const auto from_top = toUnsigned(die.find(DW_AT_bit_offset))) {
            // As DWARF 3 has it: from the highest bit of a unit of storage.
            const DWARFDie type = entries_.reference(die, DW_AT_type);
            const uint64_t storage = entries_.number(die, DW_AT_byte_size, size_of_type(entries_, type));
            first_bit = member.offset * byte_bits + storage * byte_bits - *from_top - *bits;
        } else {
            first_bit = member.offset * byte_bits;
        }
        member.offset = first_bit / byte_bits;
        member.bit_offset = static_cast<uint32_t>(first_bit % byte_bits);
        return member;
    }

    void read_variants(const DWARFDie& part)
    {
        const DWARFDie discriminant = entries_.reference(part, DW_AT_discr);
        bool has_sign = false;
        if (discriminant) {
            type_.discriminant = member(discriminant);
            has_sign = is_signed(entries_.reference(discriminant, DW_AT_type));
        }
        for (const DWARFDie& each : part.children())
            if (each.getTag() == DW_TAG_variant && type_.variants.size() < max_parts)
                type_.variants.push_back(variant(each, has_sign));
    }

    source::Variant variant(const DWARFDie& die, bool has_sign)
    {
        source::Variant variant;
        if (const auto value = die.find(DW_AT_discr_value)) {
            const int64_t number = typed_number(value, has_sign);
            variant.values.push_back({ number, number });
        } else if (const auto list = die.find(DW_AT_discr_list)) {
            if (const auto block = list->getAsBlock())
                (void)read_list(Bytes(block->data(), block->size()), has_sign, variant);
        }
        for (const DWARFDie& child : die.children())
            if (child.getTag() == DW_TAG_member) {
                variant.member = member(child);
                break;
            }
        return variant;
    }

    static Result<void> read_list(Bytes list, bool has_sign, source::Variant& variant)
    {
        ByteReader in(list);
        const auto number = [&]() -> Result<int64_t> {
            if (has_sign)
                return in.leb<int64_t>();
            return static_cast<int64_t>(TRY(in.leb<uint64_t>()));
        };
        while (!in.at_end() && variant.values.size() < max_parts) {
            const bool is_range = TRY(in.byte()) == DW_DSC_range;
            const int64_t first = TRY(number());
            variant.values.push_back({ first, is_range ? TRY(number()) : first });
        }
        return {};
    }

    Entries& entries_;
    const DWARFDie& die_;
    Type type_;
};

} // namespace

Type read_type(Entries& entries, const DWARFDie& die) { return TypeReader(entries, die).read(); }

source::TypeId type_of(Entries& entries, const DWARFDie& die)
{
    const DWARFDie type = entries.find_reference(die, DW_AT_type);
    return type ? source::TypeId { entries.id_of(type) } : source::TypeId {};
}

uint64_t size_of_type(Entries& entries, DWARFDie die)
{
    uint64_t elements = 1;
    for (int i = 0; i < max_hops && die; ++i) {
        if (const auto bytes = toUnsigned(die.find(DW_AT_byte_size)))
            return __builtin_mul_overflow(*bytes, elements, &elements) ? 0 : elements;
        switch (die.getTag()) {
        case DW_TAG_pointer_type:
        case DW_TAG_reference_type:
        case DW_TAG_rvalue_reference_type:
            return __builtin_mul_overflow(uint64_t { entries.address_bytes(die) }, elements, &elements)
                ? 0
                : elements;
        case DW_TAG_array_type:
            for (const DWARFDie& child : die.children())
                if (child.getTag() == DW_TAG_subrange_type
                    && __builtin_mul_overflow(elements, count_of(child).value_or(0), &elements))
                    return 0;
            break;
        case DW_TAG_typedef:
        case DW_TAG_const_type:
        case DW_TAG_volatile_type:
        case DW_TAG_atomic_type:
        case DW_TAG_restrict_type:
        case DW_TAG_enumeration_type: break;
        default: return 0;
        }
        die = entries.reference(die, DW_AT_type);
    }
    return 0;
}

} // namespace vitrine::core::dwarf
