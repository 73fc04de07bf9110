// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/place.h"

#include "base/text.h"
#include "debug/listing.h"
#include "eval/names.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace vitrine::core::gdb {

namespace {

/// A whole word as a number, or nothing.
template<class T, class... Format> std::optional<T> parse_number(std::string_view word, Format... format)
{
    T value {};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, format...);
    if (error != std::errc {} || end != word.data() + word.size())
        return std::nullopt;
    return value;
}

std::optional<uint64_t> parse_unsigned(std::string_view word)
{
    return word.starts_with("0x") ? parse_number<uint64_t>(word.substr(2), 16) : parse_number<uint64_t>(word);
}

/// What fits into so many bits, with a sign or without.
Result<uint64_t> parse_bits(std::string_view word, int bits)
{
    const bool is_negative = word.starts_with('-');
    const auto magnitude = parse_unsigned(is_negative ? word.substr(1) : word);
    const uint64_t all = ~uint64_t { 0 } >> (64 - bits);
    if (!magnitude || *magnitude > (is_negative ? all / 2 + 1 : all))
        return failure("'" + escaped(word) + "' is no number of " + std::to_string(bits) + " bits");
    return (is_negative ? 0 - *magnitude : *magnitude) & all;
}

template<class T> Result<Value> parse_float_value(std::string_view word, Value (*make)(T))
{
    const auto number = parse_number<T>(word);
    if (!number)
        return failure("'" + escaped(word) + "' is no floating-point number");
    return make(*number);
}

Result<Value> parse_v128(Words& words)
{
    Value value { ValueType::v128 };
    std::string_view word = words.next();
    if (word == "i32x4")
        word = words.next();
    for (int lane = 0; lane < 4; ++lane) {
        const uint64_t bits = TRY(parse_bits(lane == 0 ? word : words.next(), 32));
        (lane < 2 ? value.low : value.high) |= bits << 32 * (lane % 2);
    }
    return value;
}

Result<Value> parse_ref(const Scope& scope, ValueType type, Words& words)
{
    const TypeRegistry& types = scope.instance.store->engine().types;
    const std::string_view kind = words.next();
    const auto fit = [&](ValueType actual, Ref ref) -> Result<Value> {
        if (!types.is_subtype(actual, type))
            return failure(
                "the value does not fit the type " + debug::type_text(*scope.instance.module, type));
        return Value::ref(type, ref);
    };
    if (kind == "null") {
        if (!type.is_nullable())
            return failure("the type " + debug::type_text(*scope.instance.module, type) + " has no null");
        return Value::ref(type, {});
    }
    if (kind == "i31")
        return fit(ValueType::ref(HeapKind::I31, false),
            Ref::i31(static_cast<uint32_t>(TRY(parse_bits(words.next(), 31)))));
    if (kind == "func") {
        const uint64_t index = TRY(words.number("a function"));
        if (index >= scope.instance.functions.size())
            return failure("the instance has no function " + std::to_string(index));
        const Function* function = scope.instance.functions[index];
        return fit(ValueType::ref(function->type, false, true), Ref::of(function));
    }
    return failure("a reference is set to null, func NUMBER or i31 NUMBER");
}

Result<Place> find_local(const Scope& scope, uint64_t index)
{
    if (!scope.frame)
        return failure("the guest executes nothing");
    const std::vector<debug::Local> locals = debug::locals_of(*scope.frame);
    if (index >= locals.size())
        return failure("the frame has no local " + std::to_string(index));
    return Place { debug::label_of("local", index, locals[index].name), locals[index].value,
        [frame = *scope.frame, index](
            const Value& value) { return debug::set_local(frame, static_cast<uint32_t>(index), value); } };
}

Result<Place> find_operand(const Scope& scope, uint64_t index)
{
    if (!scope.frame)
        return failure("the guest executes nothing");
    const std::vector<Value> operands = debug::operands_of(*scope.frame);
    if (index >= operands.size())
        return failure("the frame has no operand " + std::to_string(index));
    return Place { debug::label_of("stack", index, ""), operands[index],
        [frame = *scope.frame, index](
            const Value& value) { return debug::set_operand(frame, static_cast<uint32_t>(index), value); } };
}

Result<Place> find_global(const Scope& scope, uint64_t index)
{
    const Instance& instance = scope.instance;
    if (index >= instance.globals.size())
        return failure("the instance has no global " + std::to_string(index));
    Global* global = instance.globals[index];
    const std::string label =
        debug::row_label(*instance.module, ExternKind::Global, static_cast<uint32_t>(index));
    return Place { label, global->get(), [&instance, global, label](const Value& value) -> Result<void> {
                      if (!global->type.is_mutable)
                          return failure(label + " is immutable");
                      instance.store->mutator.set(Origin::Debugger, *global, value);
                      return {};
                  } };
}

Result<Place> find_element(const Scope& scope, uint64_t table_index, uint64_t index)
{
    const Instance& instance = scope.instance;
    if (table_index >= instance.tables.size())
        return failure("the instance has no table " + std::to_string(table_index));
    Table* table = instance.tables[table_index];
    if (!table->contains(index, 1))
        return failure("the table has " + std::to_string(table->size()) + " elements");
    const std::string label =
        debug::row_label(*instance.module, ExternKind::Table, static_cast<uint32_t>(table_index));
    return Place { label + "[" + std::to_string(index) + "]",
        Value::ref(table->type().element, table->elements()[index]),
        [&instance, table, index](const Value& value) -> Result<void> {
            instance.store->mutator.set(Origin::Debugger, *table, index, value.ref());
            return {};
        } };
}

/// What the value of a place refers to holds at an index.
Result<Place> find_part(const Scope& scope, const Place& whole, uint64_t index)
{
    const Value& value = whole.value;
    if (!value.type.is_ref() || value.type.is_function_ref() || value.ref().is_null() || value.ref().is_i31())
        return failure(whole.label + " refers to nothing with parts");
    Object* object = value.ref().object();
    if (index >= part_count(*object))
        return failure(whole.label + " has " + std::to_string(part_count(*object)) + " parts");
    const auto part = static_cast<uint32_t>(index);
    const std::string label = whole.label + "." + std::to_string(index);
    return Place { label, part_of(*object, part),
        [&store = *scope.instance.store, object, part, label](const Value& to) -> Result<void> {
            if (!is_mutable_part(*object, part))
                return failure(label + " is immutable");
            store.mutator.set(Origin::Debugger, *object, part, to);
            return {};
        } };
}

Result<Place> find_root(const Scope& scope, Words& words)
{
    const std::string_view kind = words.next();
    if (kind == "local")
        return find_local(scope, TRY(words.number("a local")));
    if (kind == "operand")
        return find_operand(scope, TRY(words.number("an operand")));
    if (kind == "global")
        return find_global(scope, TRY(words.number("a global")));
    if (kind == "element") {
        const uint64_t table = TRY(words.number("a table"));
        return find_element(scope, table, TRY(words.number("an element")));
    }
    return failure("expected local, operand, global or element, not '" + escaped(kind) + "'");
}

} // namespace

Words::Words(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    for (size_t at = text.find_first_not_of(blanks); at != std::string_view::npos;
        at = text.find_first_not_of(blanks, at)) {
        const size_t end = std::min(text.find_first_of(blanks, at), text.size());
        words_.push_back(text.substr(at, end - at));
        at = end;
    }
    std::ranges::reverse(words_);
}

std::string_view Words::next()
{
    if (words_.empty())
        return "";
    const std::string_view word = peek();
    words_.pop_back();
    return word;
}

Result<uint64_t> Words::number(std::string_view what)
{
    const std::string_view word = next();
    const auto number = parse_unsigned(word);
    if (!number)
        return failure("expected the number of " + std::string(what)
            + (word.empty() ? "" : ", not '" + escaped(word) + "'"));
    return *number;
}

std::string_view Words::rest() const
{
    if (words_.empty())
        return "";
    const char* const begin = words_.back().data();
    return { begin, words_.front().data() + words_.front().size() };
}

void Words::drop(size_t size)
{
    const char* const end = rest().data() + size;
    while (!words_.empty() && words_.back().data() < end)
        words_.pop_back();
}

Result<void> Words::end() const
{
    if (!words_.empty())
        return failure("'" + escaped(words_.back()) + "' is too much");
    return {};
}

Result<std::optional<uint64_t>> Words::trailing(std::string_view key)
{
    if (words_.size() < 2 || words_[1] != key)
        return std::nullopt;
    const auto number = parse_unsigned(words_[0]);
    if (!number)
        return failure(
            "expected a number after '" + std::string(key) + "', not '" + escaped(words_[0]) + "'");
    words_.erase(words_.begin(), words_.begin() + 2);
    return number;
}

Result<Place> find_place(const Scope& scope, Words& words)
{
    Place place = TRY(find_root(scope, words));
    while (!words.at_end() && words.peek() != "=")
        place = TRY(find_part(scope, place, TRY(words.number("a part"))));
    return place;
}

bool names_place(const Words& words)
{
    const std::string_view kind = words.peek();
    return kind == "local" || kind == "operand" || kind == "global" || kind == "element";
}

Result<Value> parse_value(const Scope& scope, ValueType type, Words& words)
{
    Value value { type };
    switch (type.kind()) {
    case ValueKind::I32: value.low = TRY(parse_bits(words.next(), 32)); break;
    case ValueKind::I64: value.low = TRY(parse_bits(words.next(), 64)); break;
    case ValueKind::F32: value = TRY(parse_float_value<float>(words.next(), Value::f32)); break;
    case ValueKind::F64: value = TRY(parse_float_value<double>(words.next(), Value::f64)); break;
    case ValueKind::V128: value = TRY(parse_v128(words)); break;
    case ValueKind::Ref: value = TRY(parse_ref(scope, type, words)); break;
    case ValueKind::Bottom: return failure("the place has no type");
    }
    CHECK(words.end());
    return value;
}

Result<CodePlace> find_code(const Scope& scope, Words& words)
{
    const std::string_view word = words.peek();
    const std::string name = eval::bare_name(word);
    for (const Function* function : scope.instance.functions)
        if (function->name() == name) {
            if (function->is_host())
                return failure("'" + escaped(word) + "' is a function of the host");
            words.next();
            return CodePlace { function->instance, function->meta->code_offset };
        }
    if (word.empty() || !std::isdigit(static_cast<unsigned char>(word.front())))
        return failure("the instance has no function '" + escaped(word) + "'"
            + eval::near_names(*scope.instance.module, ExternKind::Func, word));
    const uint64_t number = TRY(words.number("a place"));
    const Address address = Address::of(number);
    if (number == address.offset)
        return CodePlace { &scope.instance, address.offset };
    for (const Instance* instance : scope.view.instances())
        if (scope.view.place_of(*instance, address.offset) == address)
            return CodePlace { instance, address.offset };
    return failure("no module is at " + hex(number));
}

Result<CodePlace> innermost_place(const Scope& scope)
{
    if (!scope.frame)
        return failure("the guest executes nothing");
    return CodePlace { scope.frame->function->instance, scope.frame->offset };
}

std::unexpected<Error> marked(const Error& error, std::string_view text)
{
    return failure(debug::marked_text(error.message, error.offset, text));
}

} // namespace vitrine::core::gdb
