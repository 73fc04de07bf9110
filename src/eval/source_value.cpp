// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/source_value.h"

#include "base/text.h"
#include "eval/run.h"
#include "runtime/memory.h"
#include "runtime/table.h"
#include "source/render.h"

#include <algorithm>

namespace vitrine::core::eval {

namespace {

/// Larger values outside of memory are refused.
constexpr uint64_t max_copied_bytes = 1 << 20;

std::vector<uint8_t> bytes_of(const Slot* slots, size_t count)
{
    std::vector<uint8_t> bytes(count);
    for (size_t i = 0; i < count && i < 16; ++i)
        bytes[i] = static_cast<uint8_t>(slots[i / 8] >> 8 * (i % 8));
    return bytes;
}

/// Copies bits; `from` counts as endless zeros behind its end.
void copy_bits(Bytes from, uint64_t from_bit, std::vector<uint8_t>& to, uint64_t to_bit, uint64_t count)
{
    for (uint64_t i = 0; i < count && (to_bit + i) / 8 < to.size();) {
        const uint64_t source = from_bit + i, target = to_bit + i;
        const uint8_t byte = source / 8 < from.size() ? from[source / 8] : 0;
        if (source % 8 == 0 && target % 8 == 0 && count - i >= 8) {
            to[target / 8] = byte;
            i += 8;
            continue;
        }
        to[target / 8] |= static_cast<uint8_t>((byte >> source % 8 & 1) << target % 8);
        ++i;
    }
}

} // namespace

// -- Reading

MemoryReader::MemoryReader(Instance& instance, std::shared_ptr<source::Symbols> symbols, uint32_t memory)
    : instance_(instance),
      symbols_(std::move(symbols)),
      memory_(memory < instance.memories.size() ? instance.memories[memory] : nullptr),
      address_bytes_(memory_ && memory_->type().limits.is_64 ? 8 : 4)
{}

Result<void> MemoryReader::read(uint64_t address, std::span<uint8_t> to)
{
    if (!memory_)
        return failure("the instance has no memory");
    if (!memory_->contains(address, to.size()))
        return failure("address " + hex(address) + " is out of bounds");
    guest_move(to.data(), memory_->base() + address, to.size());
    return {};
}

std::string MemoryReader::function_text(uint64_t pointer)
{
    if (instance_.tables.empty())
        return {};
    const Table& table = *instance_.tables[0];
    if (!table.type().element.is_function_ref() || !table.contains(pointer, 1))
        return {};
    const Ref ref = table.elements()[pointer];
    if (ref.is_null())
        return {};
    const Function& function = *ref.function();
    const std::string index = "func[" + std::to_string(function.index.value) + "]";
    if (function.is_host() || function.instance != &instance_)
        return index;
    const auto found = symbols_->function_at(function.meta->code_offset);
    const std::string_view name = found ? std::string_view(found->name)
                                        : instance_.module->names().functions.find(function.index.value);
    return name.empty() ? index : escaped(name) + " (" + index + ")";
}

// -- Compiling

Result<SourceExpression> SourceExpression::compile(std::string_view text, const Scope& scope)
{
    SourceNames names(scope);
    const Node node = TRY(parse_whole_expression(text, names.type_test()));
    return compile(node, scope, names);
}

Result<SourceExpression> SourceExpression::compile(const Node& node, const Scope& scope, SourceNames& names)
{
    SourceExpression made;
    made.types_ = names.shared_types();
    made.position_ = node.position;
    made.memory_ = scope.source.memory;
    made.place_ = TRY(compile_source_place(node, scope, names));
    const bool is_number =
        !made.place_ || made.types_->scalar_of(made.types_->resolved(made.place_->place.type)).has_value();
    if (is_number)
        made.value_.emplace(TRY(compile_expression(node, scope, names)));
    if (made.place_ && !made.place_->place.is_in_memory())
        CHECK(made.compile_parts(scope, names));
    if (auto watched = compile_place(node, scope, names))
        made.watched_ = std::move(*watched);
    return made;
}

Result<uint64_t> SourceExpression::place_bytes() const
{
    const SourcePlace& place = place_->place;
    const uint64_t bytes = place.bit_size != 0 ? (place.bit_offset + place.bit_size + 7) / 8
                                               : types_->size_of(place.type).value_or(0);
    if (bytes > max_copied_bytes)
        return failure("`" + escaped(place.name) + "` is too large", position_);
    return bytes;
}

Result<void> SourceExpression::compile_parts(const Scope& scope, SourceNames& names)
{
    const SourcePlace& place = place_->place;
    const uint64_t begin = place.offset * 8, end = begin + TRY(place_bytes()) * 8;
    bool is_missing = true;
    for (const LocationPart& part : *place.parts) {
        if (part.bit_end() <= begin || end <= part.bit_begin)
            continue;
        Part& added = parts_.emplace_back(Part { part, {} });
        if (part.kind == LocationPart::Kind::Address || part.kind == LocationPart::Kind::Value) {
            auto compiled = compile_expression(part.node, scope, names);
            const bool has_bits = compiled && compiled->type.kind != Type::Kind::Reference;
            if (has_bits)
                added.compiled = std::move(*compiled);
            else
                added.part.kind = LocationPart::Kind::Missing;
        }
        is_missing &= added.part.kind == LocationPart::Kind::Missing;
    }
    if (is_missing && !parts_.empty())
        return failure("`" + escaped(place.name) + "` is "
                + (parts_[0].part.why.empty() ? "malformed in the debug information" : parts_[0].part.why),
            position_);
    return {};
}

bool SourceExpression::is_of_source() const
{
    return place_ || (value_ && value_->type().source != source::TypeId {});
}

Result<void> SourceExpression::check_format(Expression::Format format) const
{
    if (format != Expression::Format::Plain && !value_)
        return failure("only integers have a format");
    return value_ ? value_->check_format(format) : Result<void>();
}

// -- Evaluating

template<class Where>
Result<void> SourceExpression::copy_part(
    Where& where, Instance& instance, const Part& part, source::Value& to) const
{
    const LocationPart& from = part.part;
    const uint64_t begin = place_->place.offset * 8;
    const uint64_t first = std::max(begin, from.bit_begin);
    const uint64_t count = std::min(from.bit_end(), begin + to.bytes.size() * 8) - first;
    const uint64_t from_bit = first - from.bit_begin + from.bit_offset;
    std::vector<uint8_t> bytes;
    if (from.kind == LocationPart::Kind::Missing) {
        to.missing.resize(to.bytes.size());
        for (uint64_t bit = first - begin; bit < first - begin + count; bit += 8 - bit % 8)
            to.missing[bit / 8] = 1;
        return {};
    }
    if (from.kind == LocationPart::Kind::Bytes)
        bytes = from.bytes;
    else {
        const size_t byte_count = part.compiled->type.slots() * sizeof(Slot);
        bytes = TRY(run_in<std::vector<uint8_t>>(part.compiled->program, where,
            [&](const Slot* slots) -> Result<std::vector<uint8_t>> { return bytes_of(slots, byte_count); }));
    }
    if (from.kind == LocationPart::Kind::Address) {
        MemoryReader reader(instance, types_, place_->place.memory);
        const uint64_t address = load<uint64_t>(bytes.data()) + from_bit / 8;
        std::vector<uint8_t> read((from_bit % 8 + count + 7) / 8);
        if (auto done = reader.read(address, read); !done)
            return failure(std::move(done).error().message, position_);
        copy_bits(read, from_bit % 8, to.bytes, first - begin, count);
    } else
        copy_bits(bytes, from_bit, to.bytes, first - begin, count);
    return {};
}

template<class Where>
Result<source::Value> SourceExpression::place_value(Where& where, Instance& instance) const
{
    const SourcePlace& place = place_->place;
    source::Value value { .type = place.type, .bit_offset = place.bit_offset, .bit_size = place.bit_size };
    if (place.is_in_memory()) {
        value.address =
            TRY(run_in<uint64_t>(place_->program, where, [&](const Slot* slots) -> Result<uint64_t> {
                if (place.is_counted && !is_range(slots[1]))
                    return failure(
                        range_refusal() + ", not " + std::to_string(static_cast<int64_t>(slots[1])),
                        position_);
                if (place.is_counted)
                    value.type = types_->array_of(types_->element_of(types_->type(place.type)), slots[1]);
                return slots[0];
            }));
        return value;
    }
    value.bytes.resize(TRY(place_bytes()));
    for (const Part& part : parts_)
        CHECK(copy_part(where, instance, part, value));
    return value;
}

template<class Where>
Result<SourceResult> SourceExpression::evaluate_at(Where& where, Instance& instance) const
{
    SourceResult result { .symbols = types_ };
    result.memory = memory_;
    if (place_) {
        result.value = TRY(place_value(where, instance));
        result.memory = place_->place.memory;
    }
    if (value_) {
        const Type& type = value_->type();
        result.is_unsigned = type.is(NumberKind::U32) || type.is(NumberKind::U64);
        if (type.kind == Type::Kind::Text)
            result.text = TRY(value_->raw_text(where));
        else if (type.kind == Type::Kind::Aggregate)
            result.value = source::Value { .type = type.source, .address = TRY(value_->slot(where)) };
        else
            result.number = TRY(value_->evaluate(where));
        if (!place_ && type.is_number() && type.source != source::TypeId {}) {
            const Slot slots[] = { result.number->low, 0 };
            result.value = source::Value { .type = type.source,
                .bytes = bytes_of(slots, std::min<uint64_t>(types_->size_of(type.source).value_or(0), 8)) };
        }
    }
    if (watched_)
        if (auto place = place_in(where, *watched_))
            result.place = std::move(*place);
    return result;
}

Result<SourceResult> SourceExpression::evaluate(const Frame& frame) const
{
    if (!frame.function || frame.is_host())
        return failure("an expression needs a frame of the guest");
    return evaluate_at(frame, *frame.function->instance);
}

Result<SourceResult> SourceExpression::evaluate(Instance& instance) const
{
    return evaluate_at(instance, instance);
}

template<class Where>
Result<std::string> SourceExpression::text_at(
    Where& where, Instance& instance, Expression::Format format) const
{
    if (!is_of_source() || (value_ && format != Expression::Format::Plain))
        return value_->text(where, format);
    CHECK(check_format(format));
    const SourceResult result = TRY(evaluate_at(where, instance));
    MemoryReader reader = result.reader(instance);
    return source::render(reader, *result.value);
}

Result<std::string> SourceExpression::text(const Frame& frame, Expression::Format format) const
{
    if (!frame.function || frame.is_host())
        return failure("an expression needs a frame of the guest");
    return text_at(frame, *frame.function->instance, format);
}

Result<std::string> SourceExpression::text(Instance& instance, Expression::Format format) const
{
    return text_at(instance, instance, format);
}

Result<SourceResult> evaluate_source(
    const Frame& frame, std::string_view expression, const SourceContext& source)
{
    return TRY(SourceExpression::compile(expression, TRY(Scope::of(frame, source)))).evaluate(frame);
}

Result<SourceResult> evaluate_source(
    Instance& instance, std::string_view expression, const SourceContext& source)
{
    return TRY(SourceExpression::compile(expression, Scope::of(instance, source))).evaluate(instance);
}

} // namespace vitrine::core::eval
